// @ts-check
// What every page does once it stands in the portal's frame: it keeps the frame
// as tall as itself, opens chats in the portal's messenger, finishes an
// installation, tells the time zone of the browser, and asks the portal for fresh
// tokens where the old ones died.
// Without this script each page still works as plain forms and links.

import { connect } from './frame.js';

/** The portal around this page, or null outside of one. */
export const portal = connect(document.documentElement.dataset.parent ?? '');

const root = document.querySelector('main');
if (portal && root) portal.fit(root);

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element && event.target.closest('[data-dialog]');
  if (!portal || !(link instanceof HTMLElement)) return;
  event.preventDefault();
  portal.openMessenger(link.dataset.dialog ?? '');
});

for (const field of document.querySelectorAll('input[name=zone]')) {
  if (field instanceof HTMLInputElement) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? '';
}

finishInstallation();
relaunch();

/** Tells the portal that the installation is done, and says so when it does not listen. */
async function finishInstallation() {
  const progress = document.querySelector('[data-finish]');
  if (!(progress instanceof HTMLElement)) return;
  const silent = () => {
    progress.removeAttribute('aria-busy');
    progress.textContent = progress.dataset.finish ?? '';
  };
  try {
    if (!portal) return silent();
    await portal.init();
    portal.installFinish();
    setTimeout(silent, 8_000); // by then the portal has reloaded its page, and this one with it
  } catch {
    silent();
  }
}

/** Repeats a launch whose tokens the portal refused, with fresh ones. */
function relaunch() {
  const form = document.querySelector('form[data-relaunch]');
  if (!portal || !(form instanceof HTMLFormElement)) return;
  const again = async () => {
    try {
      const auth = await portal.refreshAuth();
      for (const name of /** @type {const} */ (['AUTH_ID', 'REFRESH_ID', 'AUTH_EXPIRES'])) {
        const field = form.elements.namedItem(name);
        if (field instanceof HTMLInputElement) field.value = String(auth[name] ?? '');
      }
    } catch {
      // The launch is repeated with what it had; the server says what is wrong.
    }
    form.submit();
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    again();
  });
  if (form.dataset.relaunch === 'now') again();
}
