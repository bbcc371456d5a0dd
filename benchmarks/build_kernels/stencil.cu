#define BLOCK 256
#define FACTOR 3

extern "C" __global__ void __launch_bounds__(BLOCK)
diffuse(float rate, const float *__restrict__ u, float *__restrict__ out, int rows, int cols)
{
    int row = blockIdx.y * blockDim.y + threadIdx.y;
    int col = blockIdx.x * blockDim.x + threadIdx.x;
    if (row > 0 && col > 0 && row < rows - 1 && col < cols - 1) {
        int i = row * cols + col;
        float around = u[i - cols] + u[i + cols] + u[i - 1] + u[i + 1];
        out[i] = u[i] + rate * (around - 4.0f * u[i]) * FACTOR;
    }
}
