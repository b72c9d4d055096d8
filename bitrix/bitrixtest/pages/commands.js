// What a frame may ask of the portal. Each command gets the frame, its
// parameters, and a function that answers; a command that returns without
// answering leaves the asking side without any reply, as the portal does.
// https://apidocs.bitrix24.com/sdk/bx24-js-sdk/

import { openFrame } from './host.js';
import { openSlider, topSlider, sliderAround, callWindow, toast } from './dialogs.js';
import { openMessenger } from './messenger.js';
import { pickUsers, pickAccess, pickCRM } from './pickers.js';
import { text } from './text.js';

const openable = /^\/(crm\/(deal|lead|contact|company|type\/[0-9]+)|marketplace|company\/personal\/user\/[0-9]+|workgroups\/group\/[0-9]+)\//;

function fitBox(frame, { width, height }) {
  const { box, data } = frame;
  if (!data.heightOnly) {
    if (width === '100%') box.style.width = '100%';
    else box.style.width = `${Number.parseInt(width, 10) > 0 ? Number.parseInt(width, 10) : 100}px`;
  }
  const pixels = Number.parseInt(height, 10);
  if (pixels > 0) box.style.height = `${pixels}px`;
}

// Loads the page anew after an installation step; the part after # keeps the tab.
function reloadFinished() {
  const here = new URL(location.href);
  here.searchParams.set('install_finished', 'Y');
  if (here.href === location.href) location.reload(); // going there would only look for the part after #
  else location.assign(here);
}

async function reopen(frame) {
  const { slider, query } = frame;
  const { settings } = slider;
  await slider.close();
  await sliderFrame(query, settings);
}

/** sliderFrame opens an application in a side slider; resolves once it is shown. */
export async function sliderFrame(query, settings = {}) {
  const slider = openSlider(settings);
  await fill(slider, query);
  return slider;
}

async function fill(slider, query) {
  const frame = await openFrame(slider.body, query, slider);
  if (!frame) return;
  slider.app = frame.data.app;
  slider.closed.then(() => frame.stop());
}

function openApplication(frame, params, answer) {
  const settings = {};
  const options = {};
  for (const [name, value] of Object.entries(params)) {
    if (name.startsWith('bx24_')) settings[name.slice('bx24_'.length)] = value;
    else if (name !== 'isRawValue') options[name] = value;
  }
  const query = new URLSearchParams({ app: frame.data.app, placement: 'DEFAULT', slider: '1', options: JSON.stringify(options) });
  const { title, width, label } = settings;
  sliderFrame(query.toString(), { title: title || label || frame.data.name, width })
    .then((slider) => slider.closed)
    .then(() => answer());
}

function openPath(frame, { path }, answer) {
  if (frame.is('mobile')) return answer({ result: 'error', errorCode: 'METHOD_NOT_SUPPORTED_ON_DEVICE' });
  if (!openable.test(String(path))) return answer({ result: 'error', errorCode: 'PATH_NOT_AVAILABLE' });
  const address = new URL(path, location.origin); // the list looks at the raw text; only now the dots go
  address.searchParams.set('from', 'rest_placement');
  address.searchParams.set('from_app', frame.data.clientID);
  address.searchParams.set('IFRAME', 'Y');
  address.searchParams.set('IFRAME_TYPE', 'SIDE_SLIDER');
  const slider = openSlider({ title: frame.data.name, address: address.href });
  slider.closed.then(() => answer({ result: 'close' }));
}

const choosing = new Map(); // the portal keeps one waiting picker of a kind: a second call takes its place

function choose(kind, pick, answer) {
  choosing.set(kind, pick);
  pick.then((choice) => {
    if (choosing.get(kind) === pick && choice !== null) answer(choice);
  });
}

export const commands = {
  getInitData(frame, params, answer) {
    answer({ ...frame.data.init });
    frame.data.init.FIRST_RUN = false;
  },
  setInstall(frame, params, answer) {
    frame.ask('first', params).then(() => answer(params), () => {});
  },
  setInstallFinish(frame, params) {
    frame.ask('install', { value: params.value }).catch(() => {}).then(() => {
      if (frame.slider) reopen(frame);
      else reloadFinished();
    });
  },
  refreshAuth(frame, params, answer) {
    frame.ask('refresh').then((tokens) => {
      Object.assign(frame.data.init, tokens);
      answer(tokens);
    }, () => toast(text('refreshFailed')));
  },
  resizeWindow(frame, params, answer) {
    fitBox(frame, params);
    answer({ width: frame.box.offsetWidth, height: frame.box.offsetHeight });
  },
  setTitle(frame, params, answer) {
    const title = String(params.title ?? '');
    if (frame.slider) {
      frame.slider.rename(title);
    } else {
      const [, mark = ''] = document.title.match(/( · [^·]*)$/) || [];
      document.title = title + mark; // it stays marked as a simulation
      const heading = document.getElementById('pagetitle');
      if (heading) heading.textContent = title;
    }
    answer(params);
  },
  setScroll(frame, params, answer) {
    (frame.slider?.body ?? window).scrollTo(0, Math.max(0, Number(params.scroll) || 0));
    answer(params);
  },
  reloadWindow(frame) {
    if (!frame.slider) {
      location.reload();
      return;
    }
    frame.stop();
    fill(frame.slider, frame.query);
  },
  openApplication,
  closeApplication(frame, params, answer) {
    const slider = topSlider() ?? sliderAround();
    if (slider?.app === frame.data.app || slider?.shows(window)) slider.close().then(() => answer());
  },
  openPath,
  imOpenMessenger(frame, { dialogId }) {
    openMessenger(dialogId);
  },
  imOpenHistory(frame, { dialogId }) {
    openMessenger(dialogId);
  },
  imCallTo(frame, { userId, video }) {
    callWindow(`${text(video ? 'videoCall' : 'call')}: ${userId}`);
  },
  imPhoneTo(frame, { phone }) {
    callWindow(`${text('call')}: ${phone}`);
  },
  selectUser(frame, { mult }, answer) {
    choose('user', pickUsers(mult === true), answer);
  },
  selectAccess(frame, { value }, answer) {
    choose('access', pickAccess(Array.isArray(value) ? value : []), answer);
  },
  selectCRM(frame, params, answer) {
    choose('crm', pickCRM(params, frame.is('keyed')), answer);
  },
  setUserOption(frame, params, answer) {
    frame.ask('user-option', params).then((options) => {
      frame.data.init.USER_OPTIONS = options;
      answer(params);
    }, () => {});
  },
  setAppOption(frame, params, answer) {
    // Everybody but an administrator gets no answer at all.
    if (frame.is('nonadmin')) return;
    frame.ask('app-option', params).then((options) => {
      frame.data.init.APP_OPTIONS = options;
      answer(options);
    }, () => {});
  },
  getInterface(frame, params, answer) {
    answer(frame.data.interface);
  },
  placementBindEvent(frame, { event }, answer, key) {
    if (frame.data.placement === 'DEFAULT' || !frame.data.interface.event.includes(event)) return;
    frame.events.set(event, [...(frame.events.get(event) || []), key]);
  },
  reloadData(frame, params, answer) {
    document.dispatchEvent(new CustomEvent('portal:reload'));
    answer();
  },
};

// Only the placements that list it know this command.
commands.reloadData.placement = true;
