#define BLOCK 256
#define FACTOR 3

extern "C" __global__ void __launch_bounds__(BLOCK) tree_sum(const float *__restrict__ x, int n, float *__restrict__ out)
{
    __shared__ float sums[BLOCK];
    int thread = threadIdx.x;
    int i = blockIdx.x * blockDim.x + thread;
    sums[thread] = i < n ? x[i] * FACTOR : 0.0f;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (thread < half)
            sums[thread] += sums[thread + half];
        __syncthreads();
    }
    if (thread == 0)
        out[blockIdx.x] = sums[0];
}
