// Windows over the page: side sliders, calls, short notices.

import { text } from './text.js';

const sliders = [];

function element(tag, className, content) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (content !== undefined) node.textContent = content;
  return node;
}

/** dialogHead builds the top of a dialog, which names it and closes it. */
export function dialogHead(dialog, title) {
  const head = element('div', 'dialog-head');
  const heading = element('h2', 'dialog-title', title);
  const close = element('button', 'button quiet dialog-close', text('close'));
  heading.id = `dialog-${crypto.randomUUID()}`;
  dialog.setAttribute('aria-labelledby', heading.id);
  close.type = 'button';
  close.addEventListener('click', () => dialog.close());
  head.append(heading, close);
  return { head, close };
}

/** dialogBox builds a modal dialog with a title and a close button; not yet shown. */
export function dialogBox(className, title) {
  const dialog = element('dialog', className);
  const body = element('div', 'dialog-body');
  dialog.append(dialogHead(dialog, title).head, body);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  return { dialog, body };
}

/**
 * openSlider slides a panel in from the right. With an address it shows that
 * page of the portal; otherwise its body is for the caller to fill.
 */
export function openSlider(settings) {
  const { dialog, body } = dialogBox('slider', settings.title || text('application'));
  const width = Number.parseInt(settings.width, 10);
  if (width > 0) dialog.style.width = `min(${width}px, 100vw)`;
  const slider = { body, settings, app: null };
  slider.rename = (title) => {
    dialog.querySelector('.dialog-title').textContent = title;
  };
  slider.shows = (page) => body.querySelector('iframe.slider-page')?.contentWindow === page;
  slider.closed = new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      sliders.splice(sliders.indexOf(slider), 1);
      resolve();
    });
  });
  slider.close = () => {
    dialog.close();
    return slider.closed;
  };
  if (settings.address) {
    const iframe = element('iframe', 'slider-page');
    iframe.title = settings.title || text('application');
    iframe.src = settings.address;
    body.append(iframe);
  }
  sliders.push(slider);
  dialog.showModal();
  return slider;
}

/** topSlider returns the slider that covers the others. */
export function topSlider() {
  return sliders.at(-1);
}

/** sliderAround returns the slider of the portal's page above that shows this page, if one does. */
export function sliderAround() {
  if (window.parent === window) return undefined;
  try {
    return window.parent.portalSliders?.at(-1);
  } catch {
    return undefined; // a page of another site embeds the portal
  }
}

window.portalSliders = sliders;

/** callWindow stands in for the portal's call; nobody is called. */
export function callWindow(title) {
  const { dialog, body } = dialogBox('picker call-window', title);
  body.append(element('p', '', text('callSimulated')));
  dialog.showModal();
}

/** toast shows one sentence for some seconds. */
export function toast(sentence) {
  let tray = document.getElementById('toasts');
  if (!tray) {
    tray = element('div', 'toasts');
    tray.id = 'toasts';
    tray.setAttribute('role', 'status');
  }
  const host = [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.body; // what lies under a modal window is dead
  if (tray.parentElement !== host) host.append(tray);
  const note = element('p', 'toast', sentence);
  tray.append(note);
  setTimeout(() => note.remove(), 6000);
}
