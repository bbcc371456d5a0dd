"""N bodies that attract each other, every pair computed: a tile of bodies at a time goes through shared memory.

A body is a row of four numbers, its place and its mass, read as one vector. The integrator is leapfrog: half a kick,
a drift, the new forces, half a kick.
"""

from oxide_build import gpu
from oxide_build.gpu import MutSlice2D, Slice2D, f32

BLOCK = 128
SOFTENING = 1e-2


@gpu.kernel(block=BLOCK)
def accelerate(bodies: Slice2D[f32], accelerations: MutSlice2D[f32]) -> None:
    """The pull of all bodies on each, one a thread."""
    gpu.require(bodies.shape[1] == 4 and accelerations.shape[1] == 4)
    gpu.require(bodies.shape[0] == accelerations.shape[0])
    tile = gpu.shared_array((BLOCK, 4), f32)
    i, thread, count = gpu.index_1d(), gpu.thread_idx.x, bodies.shape[0]
    x, y, z = f32(0), f32(0), f32(0)
    if i < count:
        x, y, z, _ = gpu.load_vector(bodies, (i, 0), 4)
    pull_x, pull_y, pull_z = f32(0), f32(0), f32(0)
    for start in range(0, count, BLOCK):
        if start + thread < count:
            other_x, other_y, other_z, mass = gpu.load_vector(bodies, (start + thread, 0), 4)
            gpu.store_vector(tile, (thread, 0), (other_x, other_y, other_z, mass))
        gpu.sync_threads()
        for j in range(min(BLOCK, count - start)):
            other_x, other_y, other_z, mass = gpu.load_vector(tile, (j, 0), 4)
            dx, dy, dz = other_x - x, other_y - y, other_z - z
            inverse = gpu.rsqrt(dx * dx + dy * dy + dz * dz + SOFTENING)
            pull = mass * inverse * inverse * inverse
            pull_x += pull * dx
            pull_y += pull * dy
            pull_z += pull * dz
        gpu.sync_threads()
    if i < count:
        gpu.store_vector(accelerations, (i, 0), (pull_x, pull_y, pull_z, 0.0))


@gpu.kernel
def kick(dt: f32, accelerations: Slice2D[f32], velocities: MutSlice2D[f32]) -> None:
    """velocities += accelerations * dt."""
    gpu.require(accelerations.shape[0] == velocities.shape[0])
    gpu.require(accelerations.shape[1] == 4 and velocities.shape[1] == 4)
    i = gpu.index_1d()
    if i < velocities.shape[0]:
        for axis in gpu.static_range(3):
            velocities[i, axis] += accelerations[i, axis] * dt


@gpu.kernel
def drift(dt: f32, velocities: Slice2D[f32], bodies: MutSlice2D[f32]) -> None:
    """Places += velocities * dt; masses stay."""
    gpu.require(velocities.shape[0] == bodies.shape[0])
    gpu.require(velocities.shape[1] == 4 and bodies.shape[1] == 4)
    i = gpu.index_1d()
    if i < bodies.shape[0]:
        for axis in gpu.static_range(3):
            bodies[i, axis] += velocities[i, axis] * dt
