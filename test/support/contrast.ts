/** Contrast of colours by WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio). */

/** @param colour as computed styles have it: `rgb(1, 2, 3)`, `rgba(…)` or `color(srgb …)`, opaque */
function luminance(colour: string): number {
  const numbers = colour.match(/[\d.]+/g)!.map(Number);
  const [r, g, b] = numbers.slice(0, 3).map((value) => {
    const v = colour.startsWith("color") ? value : value / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** 1 (the same) to 21 (black on white). */
export function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}
