"""A ray tracer: spheres over a plane, one light with shadows, mirrors of a few bounces.

Vectors, rays, spheres and what a ray meets are structs. A ray is followed in a loop, each bounce adding what it sees,
weighted by the mirrors met so far.
"""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice2D, Slice, f32, i32, math

BOUNCES = 3
NEAR = 1e-3
FAR = 1e30
NOTHING = -1
FLOOR = -2
FLOOR_HEIGHT = -0.97
FLOOR_MIRROR = 0.2
AMBIENT = 0.1


@gpu.struct
class Vec3:
    """A point, or a direction."""

    x: f32
    y: f32
    z: f32


@gpu.struct
class Ray:
    """Where it starts, and its direction, of length 1."""

    origin: Vec3
    way: Vec3


@gpu.struct
class Sphere:
    """A ball of one brightness; `mirror` is how much of the light it throws back comes from elsewhere, 0 to 1."""

    centre: Vec3
    radius: f32
    brightness: f32
    mirror: f32


@gpu.struct
class Hit:
    """What a ray meets: a sphere's number, FLOOR or NOTHING, and how far away."""

    what: i32
    distance: f32


@gpu.struct
class Surface:
    """What is to be seen at a point."""

    normal: Vec3
    brightness: f32
    mirror: f32


UP = Vec3(0.0, 1.0, 0.0)
LIGHT = Vec3(0.48, 0.8, -0.36)
"""The direction towards the light, of length 1."""


@gpu.device
def dot(a: Vec3, b: Vec3) -> f32:
    """The scalar product."""
    return a.x * b.x + a.y * b.y + a.z * b.z


@gpu.device
def plus(a: Vec3, scale: f32, b: Vec3) -> Vec3:
    """a + scale * b."""
    return Vec3(a.x + scale * b.x, a.y + scale * b.y, a.z + scale * b.z)


@gpu.device
def normalized(a: Vec3) -> Vec3:
    """A vector of length 1 in the same direction."""
    length = math.sqrt(dot(a, a))
    return Vec3(a.x / length, a.y / length, a.z / length)


@gpu.device
def sphere_distance(sphere: Sphere, ray: Ray) -> f32:
    """How far along a ray the sphere is met first; FAR if it is not."""
    apart = plus(ray.origin, -1.0, sphere.centre)
    half = dot(apart, ray.way)
    under_root = half * half - dot(apart, apart) + sphere.radius**2
    if under_root < 0.0:
        return FAR
    root = math.sqrt(under_root)
    if -half - root > NEAR:
        return -half - root
    return root - half if root - half > NEAR else FAR


@gpu.device
def floor_distance(ray: Ray) -> f32:
    """How far along a ray the floor is met; FAR if it is not."""
    if ray.way.y >= 0.0:
        return FAR
    t = (FLOOR_HEIGHT - ray.origin.y) / ray.way.y
    return t if t > NEAR else FAR


@gpu.device
def first_hit(spheres: Slice[Sphere], ray: Ray) -> Hit:
    """What a ray meets first."""
    hit = Hit(FLOOR, floor_distance(ray))
    if hit.distance >= FAR:
        hit.what = NOTHING
    for n in range(len(spheres)):
        t = sphere_distance(spheres[n], ray)
        if t < hit.distance:
            hit = Hit(n, t)
    return hit


@gpu.device
def surface(spheres: Slice[Sphere], hit: Hit, point: Vec3) -> Surface:
    """What was hit, at that point; the floor is a chessboard."""
    if hit.what == FLOOR:
        odd = (i32(math.floor(point.x)) + i32(math.floor(point.z))) % 2 != 0
        return Surface(UP, 0.9 if odd else 0.3, FLOOR_MIRROR)
    sphere = spheres[hit.what]
    return Surface(normalized(plus(point, -1.0, sphere.centre)), sphere.brightness, sphere.mirror)


@gpu.device
def light_at(spheres: Slice[Sphere], point: Vec3, normal: Vec3) -> f32:
    """How much light falls on a point: none of the lamp's in a shadow."""
    slope = dot(normal, LIGHT)
    if slope <= 0.0 or first_hit(spheres, Ray(point, LIGHT)).what != NOTHING:
        return AMBIENT
    return AMBIENT + slope * (1.0 - AMBIENT)


@gpu.device
def follow(spheres: Slice[Sphere], ray: Ray) -> f32:
    """What a ray sees: the surfaces it meets, mirror by mirror, or the sky."""
    seen, weight = 0.0, 1.0
    for _ in range(BOUNCES):
        hit = first_hit(spheres, ray)
        if hit.what == NOTHING:
            return seen + weight * (0.5 + 0.5 * ray.way.y)
        point = plus(ray.origin, hit.distance, ray.way)
        met = surface(spheres, hit, point)
        seen += weight * (1.0 - met.mirror) * met.brightness * light_at(spheres, point, met.normal)
        weight *= met.mirror
        turned = plus(ray.way, -2.0 * dot(ray.way, met.normal), met.normal)
        ray = Ray(plus(point, NEAR, met.normal), normalized(turned))
    return seen


@gpu.kernel
def render(spheres: Slice[Sphere], image: DisjointSlice2D[f32]) -> None:
    """image = what a camera at the origin sees along z, 90 degrees wide, from 0 (black) to 1."""
    row, col = gpu.index_2d()
    rows, cols = image.shape
    if row >= image.shape[0] or col >= image.shape[1]:
        return
    x = (f32(col) + 0.5) / f32(cols) * 2.0 - 1.0
    y = (f32(rows) - f32(row) * 2.0 - 1.0) / f32(cols)
    image[row, col] = follow(spheres, Ray(Vec3(0.0, 0.0, 0.0), normalized(Vec3(x, y, 1.0))))
