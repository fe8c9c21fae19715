import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { obstacles } from "../scripts/check-release.ts";

const manifest = {
  version: "1.2.3",
  repository: { url: "git+https://github.com/someone/fivepoint.git" },
};
const changelog = "# Changelog\n\n## 1.2.3 (2026-12-01)\n\n- Faster.\n";

describe("a release", () => {
  it("is published when repository, changelog and tag are its own", () => {
    expect(obstacles(manifest, changelog, "v1.2.3")).toEqual([]);
  });

  it.each([
    ["the placeholder", { url: "git+https://github.com/OWNER/fivepoint.git" }],
    ["no repository", {}],
  ])("is refused with %s", (_, repository) => {
    expect(obstacles({ ...manifest, repository }, changelog, "v1.2.3")).toEqual([
      expect.stringContaining("repository.url"),
    ]);
  });

  it("is refused while the changelog doesn't date it", () => {
    expect(obstacles(manifest, changelog.replace("2026-12-01", "unreleased"), "v1.2.3")).toHaveLength(1);
    expect(obstacles({ ...manifest, version: "1.2.30" }, changelog, "v1.2.30")).toHaveLength(1);
  });

  it("is refused at another tag, or none", () => {
    expect(obstacles(manifest, changelog, "v1.2.4")).toEqual([
      "the commit's tag is v1.2.4, the version is 1.2.3",
    ]);
    expect(obstacles(manifest, changelog, undefined)).toHaveLength(1);
  });

  it("isn't published from this clone as it stands", () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, "../scripts/check-release.ts")],
      { encoding: "utf8" },
    );
    expect(status).toBe(1);
    expect(stderr).toContain("OWNER");
  });
});
