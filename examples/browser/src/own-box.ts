/** A box that a person draws on the stage, by pointer or keyboard. */
import type { Box, Point } from "fivepoint";
import { shownSize, view } from "./stage.ts";

const LEAST_SIDE = 8;

/** Where the keyboard begins: half the image's shorter side, in its middle. */
function middleBox(): Box {
  const { width, height } = shownSize()!;
  const side = Math.min(width, height) / 2;
  return { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side };
}

/** False when a box has left the image or shrunk to nothing. */
function isUsable(box: Box): boolean {
  const { width, height } = shownSize()!;
  return (
    box.width >= LEAST_SIDE &&
    box.height >= LEAST_SIDE &&
    box.x + box.width > LEAST_SIDE &&
    box.y + box.height > LEAST_SIDE &&
    box.x < width - LEAST_SIDE &&
    box.y < height - LEAST_SIDE
  );
}

/** Boxes are in pixels of the image. */
export interface Drawing {
  isOn(): boolean;
  /** The box so far. */
  box(): Box | undefined;
  /** Takes each new one. */
  use(box: Box): void;
}

export function listen({ isOn, box: current, use }: Drawing): void {
  let corner: Point | undefined;
  const position = ({ offsetX, offsetY }: PointerEvent): Point => {
    const { width, height } = shownSize()!;
    return { x: (offsetX * width) / view.clientWidth, y: (offsetY * height) / view.clientHeight };
  };
  view.addEventListener("pointerdown", (event) => {
    if (!isOn()) return;
    corner = position(event);
    view.setPointerCapture(event.pointerId);
  });
  view.addEventListener("pointermove", (event) => {
    if (!corner || !isOn()) return;
    const { x, y } = position(event);
    const box = {
      x: Math.min(x, corner.x),
      y: Math.min(y, corner.y),
      width: Math.abs(x - corner.x),
      height: Math.abs(y - corner.y),
    };
    if (isUsable(box)) use(box);
  });
  for (const end of ["pointerup", "pointercancel"])
    view.addEventListener(end, () => {
      corner = undefined;
    });
  view.addEventListener("keydown", (event) => {
    if (!isOn() || event.altKey || event.ctrlKey || event.metaKey) return;
    const box = current() ?? middleBox();
    const step = Math.max(1, shownSize()!.width / 100);
    const grow = (by: number): Box => ({
      x: box.x - by,
      y: box.y - by,
      width: box.width + 2 * by,
      height: box.height + 2 * by,
    });
    const moved: Record<string, Box> = {
      ArrowLeft: { ...box, x: box.x - step },
      ArrowRight: { ...box, x: box.x + step },
      ArrowUp: { ...box, y: box.y - step },
      ArrowDown: { ...box, y: box.y + step },
      "+": grow(step),
      "-": grow(-step),
    };
    const next = moved[event.key];
    if (!next) return;
    event.preventDefault();
    if (isUsable(next)) use(next);
  });
}
