/* The page: its theme, what is copied and saved, and how it is printed. */
(function () {
  const { printing, recolour, stops, element } = window.llmcost;
  const root = document.documentElement;
  const announcer = document.querySelector("[data-announcer]");

  const button = document.querySelector("[data-theme-button]");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  function name() {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Turn the page ${isDark() ? "light" : "dark"}`);
  }
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
    recolour();
  });
  dark.addEventListener("change", () => { name(); recolour(); });
  name();

  let printed = false;
  function print(now) {
    if (now === printed) return;
    printed = now;
    printing.forEach((each) => each(now));
  }
  printing.push((now) => document.querySelectorAll("details.printed").forEach((each) => {
    if (now) each.dataset.was = each.open ? "open" : "";
    each.open = now || Boolean(each.dataset.was);
  }));
  window.addEventListener("beforeprint", () => print(true));
  window.addEventListener("afterprint", () => print(false));
  window.matchMedia("print").addEventListener("change", (event) => print(event.matches));

  function tell(text) {
    announcer.textContent = "";
    setTimeout(() => { announcer.textContent = text; }, 50);
  }

  /* A page from a file may not reach the clipboard: the text is then selected, to be copied. */
  async function copy(code) {
    const range = document.createRange();
    range.selectNodeContents(code);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    try {
      await navigator.clipboard.writeText(code.textContent);
      return "Copied";
    } catch {
      return document.execCommand("copy") ? "Copied" : "Selected: press Ctrl+C";
    }
  }
  document.querySelectorAll("[data-copy]").forEach((each) => {
    each.addEventListener("click", async () => {
      const said = await copy(each.previousElementSibling);
      each.textContent = said;
      tell(said);
      setTimeout(() => { each.textContent = "Copy"; }, 2500);
    });
  });

  async function text(source) {
    if (!source.dataset.encoding) return source.textContent;
    const packed = Uint8Array.from(atob(source.textContent), (each) => each.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }
  async function save(source) {
    const blob = new Blob([await text(source)], { type: "application/json" });
    const link = element("a", { href: URL.createObjectURL(blob), download: source.dataset.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    tell("Saved " + source.dataset.name);
  }
  document.querySelectorAll("[data-save]").forEach((each) => {
    each.addEventListener("click", () => save(document.getElementById(each.dataset.save)));
  });
  stops();
})();
