// Where points lie, as a whole and within a lasso.

/** The box around points: from x, from y, to x, to y. */
export function box(x: Float32Array, y: Float32Array): [number, number, number, number] {
  const found: [number, number, number, number] = [1, 1, 0, 0];
  for (let i = 0; i < x.length; i++) {
    found[0] = Math.min(found[0], x[i]);
    found[1] = Math.min(found[1], y[i]);
    found[2] = Math.max(found[2], x[i]);
    found[3] = Math.max(found[3], y[i]);
  }
  // A single point, or a line of them, has room around it.
  for (const axis of [0, 1]) {
    if (found[axis + 2] - found[axis] < 1e-3) [found[axis], found[axis + 2]] = [found[axis] - 0.5, found[axis] + 0.5];
  }
  return found;
}

/** Whether a place lies within the corners. */
export function inside(corners: [number, number][], x: number, y: number): boolean {
  let within = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [[ax, ay], [bx, by]] = [corners[i], corners[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}

