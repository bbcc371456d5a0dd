#define BLOCK 256
#define FACTOR 3

static __device__ float gelu(float x)
{
    return 0.5f * x * (1.0f + tanhf(0.7978845608f * (x + 0.044715f * x * x * x)));
}

extern "C" __global__ void __launch_bounds__(BLOCK)
activate(const float *__restrict__ x, int nx, float bias, float *__restrict__ out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && i < nx)
        out[i] = gelu(x[i] * FACTOR + bias);
}
