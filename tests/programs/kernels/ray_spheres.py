"""A ray tracer: spheres over a plane, one light with shadows, mirrors of a few bounces.

Vectors are three numbers side by side, and device functions give them back as tuples. A ray is followed in a loop,
each bounce adding what it sees, weighted by the mirrors met so far.
"""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice2D, Slice2D, f32, i32, math

BOUNCES = 3
NEAR = 1e-3
FAR = 1e30
NOTHING = -1
FLOOR = -2
FLOOR_HEIGHT = -0.97
FLOOR_MIRROR = 0.2
AMBIENT = 0.1
LIGHT = (0.48, 0.8, -0.36)
"""The direction towards the light, of length 1."""

CENTRE_X, CENTRE_Y, CENTRE_Z, RADIUS, BRIGHTNESS, MIRROR = 0, 1, 2, 3, 4, 5
"""The columns of the array of spheres."""


@gpu.device
def dot(ax: f32, ay: f32, az: f32, bx: f32, by: f32, bz: f32) -> f32:
    """The scalar product of two vectors."""
    return ax * bx + ay * by + az * bz


@gpu.device
def normalized(x: f32, y: f32, z: f32) -> tuple[f32, f32, f32]:
    """A vector of length 1 in the same direction."""
    length = math.sqrt(dot(x, y, z, x, y, z))
    return x / length, y / length, z / length


@gpu.device
def along(ox: f32, oy: f32, oz: f32, dx: f32, dy: f32, dz: f32, t: f32) -> tuple[f32, f32, f32]:
    """The point of a ray at distance `t`."""
    return ox + t * dx, oy + t * dy, oz + t * dz


@gpu.device
def sphere_distance(sphere: Slice2D[f32], n: i32, ox: f32, oy: f32, oz: f32, dx: f32, dy: f32, dz: f32) -> f32:
    """How far along a ray sphere `n` is met first; FAR if it is not."""
    x, y, z = ox - sphere[n, CENTRE_X], oy - sphere[n, CENTRE_Y], oz - sphere[n, CENTRE_Z]
    half = dot(x, y, z, dx, dy, dz)
    under_root = half * half - dot(x, y, z, x, y, z) + sphere[n, RADIUS] ** 2
    if under_root < 0.0:
        return FAR
    root = math.sqrt(under_root)
    if -half - root > NEAR:
        return -half - root
    return root - half if root - half > NEAR else FAR


@gpu.device
def floor_distance(oy: f32, dy: f32) -> f32:
    """How far along a ray the floor is met; FAR if it is not."""
    if dy >= 0.0:
        return FAR
    t = (FLOOR_HEIGHT - oy) / dy
    return t if t > NEAR else FAR


@gpu.device
def first_hit(spheres: Slice2D[f32], ox: f32, oy: f32, oz: f32, dx: f32, dy: f32, dz: f32) -> tuple[i32, f32]:
    """What a ray meets first, and how far away."""
    nearest, hit = floor_distance(oy, dy), FLOOR
    if nearest >= FAR:
        hit = NOTHING
    for n in range(spheres.shape[0]):
        t = sphere_distance(spheres, n, ox, oy, oz, dx, dy, dz)
        if t < nearest:
            nearest, hit = t, n
    return hit, nearest


@gpu.device
def normal_at(spheres: Slice2D[f32], hit: i32, x: f32, y: f32, z: f32) -> tuple[f32, f32, f32]:
    """The direction straight away from what was hit."""
    if hit == FLOOR:
        return 0.0, 1.0, 0.0
    return normalized(x - spheres[hit, CENTRE_X], y - spheres[hit, CENTRE_Y], z - spheres[hit, CENTRE_Z])


@gpu.device
def surface(spheres: Slice2D[f32], hit: i32, x: f32, z: f32) -> tuple[f32, f32]:
    """Brightness and mirroring of what was hit; the floor is a chessboard."""
    if hit == FLOOR:
        odd = (i32(math.floor(x)) + i32(math.floor(z))) % 2 != 0
        return 0.9 if odd else 0.3, FLOOR_MIRROR
    return spheres[hit, BRIGHTNESS], spheres[hit, MIRROR]


@gpu.device
def light_at(spheres: Slice2D[f32], x: f32, y: f32, z: f32, nx: f32, ny: f32, nz: f32) -> f32:
    """How much light falls on a point: none of the lamp's in a shadow."""
    lx, ly, lz = LIGHT
    slope = dot(nx, ny, nz, lx, ly, lz)
    if slope <= 0.0:
        return AMBIENT
    blocker, _ = first_hit(spheres, x, y, z, lx, ly, lz)
    return AMBIENT if blocker != NOTHING else AMBIENT + slope * (1.0 - AMBIENT)


@gpu.device
def follow(spheres: Slice2D[f32], ox: f32, oy: f32, oz: f32, dx: f32, dy: f32, dz: f32) -> f32:
    """What a ray sees: the surfaces it meets, mirror by mirror, or the sky."""
    seen, weight = 0.0, 1.0
    for _ in range(BOUNCES):
        hit, t = first_hit(spheres, ox, oy, oz, dx, dy, dz)
        if hit == NOTHING:
            return seen + weight * (0.5 + 0.5 * dy)
        x, y, z = along(ox, oy, oz, dx, dy, dz, t)
        nx, ny, nz = normal_at(spheres, hit, x, y, z)
        brightness, mirror = surface(spheres, hit, x, z)
        seen += weight * (1.0 - mirror) * brightness * light_at(spheres, x, y, z, nx, ny, nz)
        weight *= mirror
        turned = 2.0 * dot(dx, dy, dz, nx, ny, nz)
        ox, oy, oz = along(x, y, z, nx, ny, nz, NEAR)
        dx, dy, dz = normalized(dx - turned * nx, dy - turned * ny, dz - turned * nz)
    return seen


@gpu.kernel
def render(spheres: Slice2D[f32], image: DisjointSlice2D[f32]) -> None:
    """image = what a camera at the origin sees along z, 90 degrees wide, from 0 (black) to 1."""
    gpu.require(spheres.shape[1] == 6)
    row, col = gpu.index_2d()
    rows, cols = image.shape
    if row >= image.shape[0] or col >= image.shape[1]:
        return
    x = (f32(col) + 0.5) / f32(cols) * 2.0 - 1.0
    y = (f32(rows) - f32(row) * 2.0 - 1.0) / f32(cols)
    dx, dy, dz = normalized(x, y, 1.0)
    image[row, col] = follow(spheres, 0.0, 0.0, 0.0, dx, dy, dz)
