#define BLOCK 256
#define FACTOR 3

extern "C" __global__ void __launch_bounds__(BLOCK)
forces(const float *__restrict__ x, const float *__restrict__ y, const float *__restrict__ mass, int n,
       float *__restrict__ fx, float *__restrict__ fy)
{
    __shared__ float xs[BLOCK];
    __shared__ float ys[BLOCK];
    __shared__ float masses[BLOCK];
    int thread = threadIdx.x, i = blockIdx.x * blockDim.x + thread;
    float here_x = i < n ? x[i] : 0.0f, here_y = i < n ? y[i] : 0.0f;
    float sum_x = 0.0f, sum_y = 0.0f;
    for (int start = 0; start < n; start += BLOCK) {
        int j = start + thread;
        xs[thread] = j < n ? x[j] : 0.0f;
        ys[thread] = j < n ? y[j] : 0.0f;
        masses[thread] = j < n ? mass[j] : 0.0f;
        __syncthreads();
        for (int k = 0; k < BLOCK; ++k) {
            float dx = xs[k] - here_x, dy = ys[k] - here_y;
            float squared = dx * dx + dy * dy + FACTOR;
            float strength = masses[k] * rsqrtf(squared) / squared;
            sum_x += dx * strength;
            sum_y += dy * strength;
        }
        __syncthreads();
    }
    if (i < n) {
        fx[i] = sum_x;
        fy[i] = sum_y;
    }
}
