/** A page reports to the server that it came from, so that a browser needs nothing to drive it. */
export async function send(report) {
  const body = JSON.stringify(await report.catch((error) => ({ error: String(error) })));
  await fetch("/report", { method: "POST", body });
}
