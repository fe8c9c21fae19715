/** A plugin of TypeDoc: the site's navigation names each page by its heading. */
export function load(app) {
  app.converter.on("createDocument", (_, page) => {
    const text = page.content.map((part) => part.text).join("");
    page.name = /^# (.+)$/m.exec(text)[1].replaceAll("`", "");
  });
}
