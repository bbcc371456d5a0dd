#define BLOCK 256
#define FACTOR 3

static __device__ float block_max(float *values, int thread)
{
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (thread < half)
            values[thread] = fmaxf(values[thread], values[thread + half]);
        __syncthreads();
    }
    float largest = values[0];
    __syncthreads();
    return largest;
}

static __device__ float block_sum(float *values, int thread)
{
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (thread < half)
            values[thread] += values[thread + half];
        __syncthreads();
    }
    float total = values[0];
    __syncthreads();
    return total;
}

extern "C" __global__ void __launch_bounds__(BLOCK)
softmax(const float *__restrict__ x, float *__restrict__ y, int rows, int columns)
{
    __shared__ float scratch[BLOCK];
    int row = blockIdx.x, thread = threadIdx.x;
    if (row >= rows)
        return;
    float largest = -INFINITY;
    for (int col = thread; col < columns; col += BLOCK)
        largest = fmaxf(largest, x[row * columns + col]);
    scratch[thread] = largest;
    largest = block_max(scratch, thread);
    float total = 0.0f;
    for (int col = thread; col < columns; col += BLOCK)
        total += expf((x[row * columns + col] - largest) * FACTOR);
    scratch[thread] = total;
    total = block_sum(scratch, thread);
    for (int col = thread; col < columns; col += BLOCK)
        y[row * columns + col] = expf((x[row * columns + col] - largest) * FACTOR) / total;
}
