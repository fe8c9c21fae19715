/** The roofline can be read: every mark has its name, no name lies on another or beyond the edge, and marks stand where they belong. */
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { describe, expect, it } from "vitest";
import { rooflineChart } from "../../bench/roofline.ts";

const stage = (name: string, us: number, direct: number, executed: number, bytes: number) => {
  return { name, us, direct: direct * 1e6, executed: executed * 1e6, bytes: bytes * 1e6 };
};
// conv3 to conv5 lie on one another, as stages of one shape do.
const stages = [
  stage("conv1", 25, 1, 0.2, 0.08),
  stage("conv2", 30, 2.65, 0.52, 0.18),
  stage("conv3", 25, 2.65, 0.52, 0.55),
  stage("conv4", 18, 1.33, 0.41, 0.43),
  stage("conv5", 34, 2.65, 0.82, 0.85),
  stage("fc3", 0.1, 0.002, 0.002, 0.01),
];
const tier = { peak: 28, peakInt16: 41, bandwidth: 82, stages, reference: [], int8: stages };
const svg = rooflineChart([
  { ...tier, tier: "relaxed" },
  { ...tier, tier: "baseline", peak: 22 },
]);
const parsed = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" }).parse(svg).svg;

interface Text {
  "#text": string | number;
  x: string;
  y: string;
  "text-anchor"?: string;
}
const texts: Text[] = parsed.text;
const names = texts.filter((text) => /^conv\d$/.test(String(text["#text"])));
const circles = parsed.circle.map(({ cx, cy, fill }: Record<string, string>) => {
  return { x: Number(cx), y: Number(cy), hollow: fill === "#fff" };
});

describe("the roofline", () => {
  it("is XML", () => expect(XMLValidator.validate(svg)).toBe(true));

  it("names both marks of every large stage, and of no other", () => {
    expect(names).toHaveLength(3 * 2 * 5);
    expect(circles).toHaveLength(3 * 2 * 5); // those of the legend are in groups of their own
    expect(svg).not.toContain("fc3");
  });

  it("keeps names apart from each other and inside the picture", () => {
    // No letter of a common font is wider than 0.7 of its size, 13 pixels, on average.
    const width = 5 * 0.7 * 13;
    const boxes = names.map(({ x, y, "text-anchor": anchor }) => {
      const shift = anchor === "end" ? -width : anchor === "middle" ? -width / 2 : 0;
      return { left: Number(x) + shift, right: Number(x) + shift + width, y: Number(y) };
    });
    boxes.forEach((a, i) => {
      expect(a.left).toBeGreaterThan(0);
      expect(a.right).toBeLessThan(Number(parsed.width));
      for (const b of boxes.slice(i + 1)) {
        const apart = a.right <= b.left || b.right <= a.left || Math.abs(a.y - b.y) >= 13;
        expect(apart, `${JSON.stringify(a)} and ${JSON.stringify(b)}`).toBe(true);
      }
    });
  });

  it("places marks by the labels of its axes", () => {
    const at = (label: string, side: "x" | "y", anchor: string) =>
      Number(texts.find((text) => String(text["#text"]) === label && text["text-anchor"] === anchor)![side]);
    // Pixels for a factor of two, between the labels 1 and 2 and the labels 16 and 32 of the first panel.
    const [x1, y16] = [at("1", "x", "middle"), at("16", "y", "end")];
    const [perX, perY] = [at("2", "x", "middle") - x1, at("32", "y", "end") - y16];
    for (const { us, direct, executed, bytes } of stages.slice(0, 5)) {
      const x = x1 + perX * Math.log2(executed / bytes);
      for (const [count, hollow] of [
        [executed, false],
        [direct, true],
      ] as const) {
        const y = y16 + perY * Math.log2(count / us / 1000 / 16);
        const near = circles.filter(
          (mark: { x: number; y: number; hollow: boolean }) =>
            mark.hollow === hollow && Math.hypot(mark.x - x, mark.y - y) < 0.2,
        );
        expect(near).toHaveLength(1);
      }
    }
  });

  it("explains both kinds of marks and the roof in its legend", () => {
    const words = JSON.stringify(parsed.g);
    for (const part of ["executed", "definition", "the roof"]) expect(words).toContain(part);
  });
});
