/** Fenced blocks of a Markdown page in one language. */
export function blocks(page: string, language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map((match) => match[1]!);
}

/** Where a page's links lead that name a file, without the part after "#". */
export function fileLinks(page: string): string[] {
  return [...page.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1]!);
}
