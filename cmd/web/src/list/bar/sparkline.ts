/** In CSS pixels. */
export interface Size {
  width: number;
  height: number;
}

/** The points of a line through the newest values, the newest at the right edge; from left to right, x and y in turn. */
export function points(values: readonly number[], most: number, places: number, { width, height }: Size): number[] {
  const out: number[] = [];
  const shown = values.slice(-places);
  const step = width / Math.max(1, places - 1);
  const left = width - (shown.length - 1) * step;
  shown.forEach((v, i) => out.push(left + i * step, height - (most === 0 ? 0 : (v / most) * height)));
  return out;
}

/** Averages of groups of values, so that at most so many are left. */
export function thin(values: readonly number[], places: number): number[] {
  const by = Math.max(1, Math.ceil(values.length / places));
  const out: number[] = [];
  // From the newest backwards: that group is whole, and what moves now is seen at once.
  for (let end = values.length; end > 0; end -= by) {
    const group = values.slice(Math.max(0, end - by), end);
    out.unshift(group.reduce((a, b) => a + b, 0) / group.length);
  }
  return out;
}

/** Draws one rate: a line, and the area below it faintly. */
export function draw(
  ctx: CanvasRenderingContext2D,
  values: readonly number[],
  most: number,
  places: number,
  size: Size,
  color: string,
): void {
  const line = points(values, most, places, { width: size.width, height: size.height - 2 });
  const [x0 = 0] = line;
  ctx.beginPath();
  for (let i = 0; i + 1 < line.length; i += 2) ctx.lineTo(line[i] ?? 0, (line[i + 1] ?? 0) + 1);
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = 1.25;
  ctx.stroke();
  ctx.lineTo(size.width, size.height);
  ctx.lineTo(x0, size.height);
  ctx.globalAlpha = 0.14;
  ctx.fill();
  ctx.globalAlpha = 1;
}
