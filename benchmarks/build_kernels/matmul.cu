#define BLOCK 256
#define FACTOR 3
#define TILE 16

extern "C" __global__ void __launch_bounds__(TILE * TILE)
matmul(const float *__restrict__ a, const float *__restrict__ b, float *__restrict__ c, int rows, int cols, int depth)
{
    __shared__ float a_tile[TILE][TILE];
    __shared__ float b_tile[TILE][TILE];
    int y = threadIdx.y, x = threadIdx.x;
    int row = blockIdx.y * TILE + y, col = blockIdx.x * TILE + x;
    float total = 0.0f;
    for (int start = 0; start < depth; start += TILE) {
        a_tile[y][x] = row < rows && start + x < depth ? a[row * depth + start + x] : 0.0f;
        b_tile[y][x] = start + y < depth && col < cols ? b[(start + y) * cols + col] : 0.0f;
        __syncthreads();
#pragma unroll
        for (int k = 0; k < TILE; ++k)
            total += a_tile[y][k] * b_tile[k][x];
        __syncthreads();
    }
    if (row < rows && col < cols)
        c[row * cols + col] = total * FACTOR;
}
