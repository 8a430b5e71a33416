"use strict";
/* Tables: sorted by their heads; long ones leafed through, searched, and printed whole if short. */
(function () {
  document.documentElement.dataset.script = "yes";
  performance.mark("llmcost-script");
  const MOST_PRINTED = 500;
  const MOST_ON_A_LINE = 16;
  const MOST_OF_A_NUMBER = 32;
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const number = new Intl.NumberFormat("en-US");

  function element(tag, attributes, text) {
    const made = document.createElement(tag);
    Object.entries(attributes || {}).forEach(([name, value]) => made.setAttribute(name, value));
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /* Both models: `total`, `text(row, column)`, `value(row, column)` and `line(row)`, a <tr>. */
  function written(table) {
    const lines = Array.from(table.tBodies[0].rows);
    return {
      total: lines.length,
      text: (row, column) => lines[row].cells[column].textContent,
      value: (row, column) => {
        const held = lines[row].cells[column].dataset.value;
        return held === undefined ? null : Number(held);
      },
      line: (row) => lines[row],
    };
  }

  function packed(data) {
    const columns = data.columns;
    const told = columns.map((column) => {
      if (column.keys) return (row) => column.keys[row].join(" ");
      return column.texts ? (row) => column.texts[row] : (row) => column.words[column.at[row]];
    });
    const first = columns[0];
    return {
      total: (first.texts || first.at || first.keys).length,
      text: (row, column) => told[column](row),
      value: (row, column) => (columns[column].values ? columns[column].values[row] : null),
      line: (row) => {
        const line = element("tr");
        columns.forEach((column, at) => line.append(cell(column, at, row, told[at])));
        return line;
      },
    };
  }

  function cell(column, at, row, told) {
    const heads = at === 0 && !column.keys && told(row) !== "";
    const made = element(heads ? "th" : "td", heads ? { scope: "row" } : {});
    made.className = column.kind;
    if (column.keys) {
      column.keys[row].forEach((key) => made.append(link(key)));
      return made;
    }
    made.textContent = told(row);
    const length = made.textContent.length;
    if (length <= MOST_ON_A_LINE) made.classList.add("short");
    if (length > MOST_OF_A_NUMBER) made.classList.add("long");
    if (made.textContent.startsWith("  ")) made.classList.add("inner");
    if (column.values && column.values[row] !== null) made.dataset.value = column.values[row];
    return made;
  }

  function link(key) {
    if (typeof key !== "number") return document.createTextNode(key);
    const above = element("sup", { class: "cite" });
    above.append(element("a", { href: "#source-" + key, "aria-label": "Source " + key }, key));
    return above;
  }

  function compare(model, column) {
    return (a, b) => {
      const [first, second] = [model.value(a, column), model.value(b, column)];
      if (first !== null && second !== null) return first - second;
      if (first !== null || second !== null) return first === null ? 1 : -1;
      return collator.compare(model.text(a, column), model.text(b, column));
    };
  }

  /* Missing values stay last whichever way a column of numbers is sorted. */
  function sorted(model, rows, state) {
    if (!state.way) return rows;
    const by = compare(model, state.column);
    const has = (row) => model.value(row, state.column) !== null;
    const sign = state.way === "ascending" ? 1 : -1;
    return rows.slice().sort((a, b) => {
      const missing = Number(has(b)) - Number(has(a));
      return missing || sign * by(a, b) || a - b;
    });
  }

  function found(model, columns, wanted) {
    const rows = Array.from({ length: model.total }, (_, row) => row);
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return rows;
    return rows.filter((row) => {
      const line = Array.from({ length: columns }, (_, at) => model.text(row, at)).join("\n").toLowerCase();
      return words.every((word) => line.includes(word));
    });
  }

  function start(holder) {
    const table = holder.querySelector("table");
    const data = document.getElementById(table.id + "-data");
    const parsed = data ? JSON.parse(data.textContent) : null;
    const model = parsed ? packed(parsed) : written(table);
    const size = parsed ? parsed.rows_a_page : model.total;
    const state = { column: 0, way: "", wanted: "", page: 0, rows: null };
    const heads = Array.from(table.tHead.rows[0].cells);

    function rows() {
      state.rows = state.rows || sorted(model, found(model, heads.length, state.wanted), state);
      return state.rows;
    }
    function show(from, to) {
      table.tBodies[0].replaceChildren(...rows().slice(from, to).map(model.line));
    }
    function update() {
      const pages = Math.max(1, Math.ceil(rows().length / size));
      state.page = Math.min(Math.max(state.page, 0), pages - 1);
      show(state.page * size, (state.page + 1) * size);
      if (parsed) tell(pages);
    }

    if (holder.hasAttribute("data-sortable")) heads.forEach((head, column) => {
      if (head.hasAttribute("data-sorts")) head.replaceChildren(sorter(head, column));
    });
    function sorter(head, column) {
      const button = element("button", { type: "button", class: "sort" }, head.textContent);
      button.addEventListener("click", () => {
        const next = { "": "ascending", ascending: "descending", descending: "" };
        state.way = state.column === column ? next[state.way] : "ascending";
        state.column = column;
        state.page = 0;
        state.rows = null;
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        if (state.way) head.setAttribute("aria-sort", state.way);
        update();
      });
      return button;
    }

    let where, back, on;
    function tell(pages) {
      const [from, total] = [state.page * size, rows().length];
      where.textContent = total
        ? `Rows ${number.format(from + 1)}–${number.format(Math.min(from + size, total))} of ${number.format(total)}`
        : "No row has these words";
      back.forEach((button) => { button.disabled = state.page === 0; });
      on.forEach((button) => { button.disabled = state.page >= pages - 1; });
    }
    function step(text, label, change) {
      const button = element("button", { type: "button", "aria-label": label, class: "small" }, text);
      button.addEventListener("click", () => { state.page = change(state.page); update(); });
      return button;
    }
    function leafing() {
      const bar = element("div", { class: "pager" });
      where = element("span", { class: "where", role: "status" });
      back = [step("«", "First page", () => 0), step("‹ Back", "Page back", (page) => page - 1)];
      on = [step("Next ›", "Next page", (page) => page + 1), step("»", "Last page", () => Infinity)];
      bar.append(where, ...back, ...on);
      return bar;
    }
    function finder() {
      const line = element("div", { class: "finder" });
      const input = element("input", { type: "search", id: table.id + "-find", autocomplete: "off" });
      input.addEventListener("input", () => {
        state.wanted = input.value;
        state.page = 0;
        state.rows = null;
        update();
      });
      line.append(element("label", { for: input.id }, "Find in this table"), input);
      return line;
    }
    if (parsed) {
      const note = holder.querySelector(".left-out");
      const scroll = holder.querySelector(".table-scroll");
      scroll.before(finder());
      note.before(leafing());
      note.hidden = true;
      update();
      window.llmcost.printing.push((printing) => {
        const total = rows().length;
        note.hidden = !printing || total <= MOST_PRINTED;
        note.textContent = `Printed are ${size} of ${number.format(total)} rows; the page on a screen and the saved result hold them all.`;
        if (printing && total <= MOST_PRINTED) show(0, total);
        else update();
      });
    }
  }

  /* A region that needs no scrolling is no stop for the keyboard. */
  function stops() {
    document.querySelectorAll(".table-scroll").forEach((region) => {
      const scrolls = region.scrollWidth > region.clientWidth + 1;
      if (scrolls) region.setAttribute("tabindex", "0");
      else region.removeAttribute("tabindex");
    });
  }

  window.llmcost = { printing: [], element, stops };
  document.querySelectorAll("[data-table]").forEach(start);
  stops();
  window.addEventListener("resize", stops);
  document.querySelectorAll("details").forEach((each) => each.addEventListener("toggle", stops));
})();
