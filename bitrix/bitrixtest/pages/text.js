// The sentences of the page's language that scripts show; the server writes
// them into the page.
const node = document.getElementById('page-texts');
const texts = node ? JSON.parse(node.textContent) : {};

/** text returns one sentence; the key itself where the page has none. */
export function text(key) {
  return texts[key] ?? key;
}
