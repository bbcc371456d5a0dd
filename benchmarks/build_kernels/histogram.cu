#define BLOCK 256
#define FACTOR 3
#define BINS 256

extern "C" __global__ void __launch_bounds__(BLOCK)
histogram(const unsigned char *__restrict__ values, int n, int *__restrict__ bins)
{
    __shared__ int counts[BINS];
    for (int b = threadIdx.x; b < BINS; b += BLOCK)
        counts[b] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        atomicAdd_block(&counts[values[i]], FACTOR);
    __syncthreads();
    for (int b = threadIdx.x; b < BINS; b += BLOCK)
        atomicAdd(&bins[b], counts[b]);
}
