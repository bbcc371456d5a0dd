#define BLOCK 256
#define FACTOR 3

extern "C" __global__ void __launch_bounds__(BLOCK)
axpby(float a, float b, const float *__restrict__ x, int nx, const float *__restrict__ y, int ny, float *__restrict__ out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && i < nx && i < ny)
        out[i] = a * x[i] + b * y[i] + FACTOR;
}

extern "C" __global__ void __launch_bounds__(BLOCK) leaky(const float *__restrict__ x, int nx, float *__restrict__ out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && i < nx) {
        float value = x[i];
        out[i] = value > 0.0f ? value : value / FACTOR;
    }
}
