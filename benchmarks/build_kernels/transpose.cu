#define BLOCK 256
#define FACTOR 3
#define TILE 32
#define ROWS (BLOCK / TILE)

extern "C" __global__ void __launch_bounds__(BLOCK)
transpose(const float *__restrict__ a, float *__restrict__ out, int rows, int cols)
{
    __shared__ float tile[TILE][TILE + 1];
    int y = threadIdx.y, x = threadIdx.x;
    int top = blockIdx.y * TILE, left = blockIdx.x * TILE;
    for (int down = 0; down < TILE; down += ROWS) {
        int row = top + y + down, col = left + x;
        if (row < rows && col < cols)
            tile[y + down][x] = a[row * cols + col] * FACTOR;
    }
    __syncthreads();
    for (int down = 0; down < TILE; down += ROWS) {
        int row = left + y + down, col = top + x;
        if (row < cols && col < rows)
            out[row * rows + col] = tile[x][y + down];
    }
}
