// `npm publish` runs this first (prepublishOnly): refuses to publish what isn't ready, and says why.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

interface Manifest {
  readonly version: string;
  readonly repository?: { readonly url?: string };
}

/** What keeps a release from being published: a repository nobody has filled in, a changelog without the version, a tag of another. */
export function obstacles(manifest: Manifest, changelog: string, tag: string | undefined): string[] {
  const found: string[] = [];
  const url = manifest.repository?.url ?? "";
  if (!/^git\+https:\/\/github\.com\/(?!OWNER\/)[\w.-]+\/[\w.-]+\.git$/.test(url))
    found.push(
      `package.json: repository.url is "${url}"; set it with npm pkg set "repository.url=git+https://github.com/<owner>/<name>.git" (npm derives homepage and bugs from it)`,
    );
  if (
    !new RegExp(`^## ${manifest.version.replaceAll(".", "\\.")} \\(\\d{4}-\\d{2}-\\d{2}\\)$`, "m").test(
      changelog,
    )
  )
    found.push(`CHANGELOG.md has no heading "## ${manifest.version} (<date>)"`);
  if (tag !== `v${manifest.version}`)
    found.push(`the commit's tag is ${tag ?? "missing"}, the version is ${manifest.version}`);
  return found;
}

function tagOfCommit(): string | undefined {
  try {
    return execFileSync("git", ["describe", "--exact-match", "--tags"], {
      encoding: "utf8",
      stdio: "pipe",
    }).trim();
  } catch {
    return undefined;
  }
}

if (process.argv[1] === import.meta.filename) {
  const found = obstacles(JSON.parse(read("package.json")), read("CHANGELOG.md"), tagOfCommit());
  for (const line of found) console.error(`not published: ${line}`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
