/** The elements of the page that more than one part of the demo writes to. */

export const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

const status = element("status");
const progress = element("progress");

/** Says what happens; with "busy" a bar shows that it goes on, a "problem" stands out. */
export function say(text: string, state?: "busy" | "problem"): void {
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle("problem", state === "problem");
  progress.hidden = state !== "busy";
}

export const message = (error: unknown) => (error instanceof Error ? error.message : String(error));

export const milliseconds = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

/** "1 face", "3 faces" */
export const facesIn = (count: number) => `${count || "No"} face${count > 1 ? "s" : ""}`;
