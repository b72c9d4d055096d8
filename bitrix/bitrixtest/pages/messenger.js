// The messenger over the page, and everything on it that keeps itself fresh.

import { text } from './text.js';
import { dialogHead, toast, topSlider } from './dialogs.js';

let panel = null;

/** openMessenger shows a dialog ("chat12", a person's number) or the list of chats. */
export async function openMessenger(dialogId) {
  const address = `/online/panel/?${new URLSearchParams(dialogId === undefined ? {} : { dialog: String(dialogId) })}`;
  if (!panel) {
    panel = document.createElement('dialog');
    panel.className = 'messenger';
    panel.addEventListener('close', () => {
      if (!panel.open) panel.replaceChildren();
    });
    panel.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') panel.close();
    });
    document.body.append(panel);
  }
  const { head, close } = dialogHead(panel, text('messenger'));
  const body = document.createElement('div');
  body.className = 'dialog-body';
  body.dataset.live = address;
  body.innerHTML = await (await fetch(address)).text();
  panel.replaceChildren(head, body);
  panel.dataset.dialog = dialogId === undefined ? '' : String(dialogId);
  if (topSlider()) { // it covers the page; only another modal window lies above it
    panel.close();
    panel.showModal();
  } else if (!panel.open) {
    panel.show();
  }
  close.focus();
  scrollDown(panel);
}

function scrollDown(root) {
  for (const log of root.querySelectorAll('.messages')) log.scrollTop = log.scrollHeight;
}

/**
 * refresh fetches what a live region shows and replaces the parts that
 * changed; what somebody is typing or has chosen stays.
 */
export async function refresh(region) {
  const response = await fetch(region.dataset.live);
  if (!response.ok) return;
  const fresh = document.createElement('div');
  fresh.innerHTML = await response.text();
  const names = (root) => [...root.querySelectorAll('[data-part]')].map((part) => part.dataset.part);
  if (names(fresh).join() !== names(region).join()) {
    region.replaceChildren(...fresh.childNodes);
    scrollDown(region);
    return;
  }
  for (const part of fresh.querySelectorAll('[data-part]')) {
    const old = region.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
    if (old.innerHTML === part.innerHTML) continue;
    const choice = old.dataset.chosen;
    old.innerHTML = part.innerHTML;
    if (choice && [...old.options].some((option) => option.value === choice)) old.value = choice;
    scrollDown(old.parentElement);
  }
}

/** send posts a form without leaving the page, then refreshes what shows it. */
async function send(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const response = await fetch(form.action, { method: 'POST', body, headers: { 'X-Requested-With': 'fetch' } });
  if (!response.ok) {
    toast((await response.text()).slice(0, 200));
    return;
  }
  for (const field of form.querySelectorAll('[data-clear]')) field.value = '';
  await refreshAll();
}

/** refreshAll refreshes every live region of the page. */
export function refreshAll() {
  return Promise.all([...document.querySelectorAll('[data-live]')].map(refresh));
}

document.addEventListener('change', ({ target }) => {
  if (target.matches('select[data-part]')) target.dataset.chosen = target.value;
});

document.addEventListener('submit', (event) => {
  if (!event.target.matches('form[data-inline]')) return;
  event.preventDefault();
  send(event.target, event.submitter).catch(() => toast(text('failed')));
});

setInterval(() => {
  if (!document.hidden) refreshAll().catch(() => {});
}, 2000);

scrollDown(document);
document.addEventListener('portal:reload', () => refreshAll());
