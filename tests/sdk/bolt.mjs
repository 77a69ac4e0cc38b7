#!/usr/bin/env node
// A Bolt app, Slack's SDK for JavaScript, against the workspace in a box.
//
// Usage: bolt.mjs path/to/breakglass
// Does what script.json says, once over Socket Mode and once over HTTP, each time
// against a fresh `breakglass sandbox`, and exits 0 only if all of it came true.
// Needs what package-lock.json pins. Its counterpart in Python is python.py.

import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import bolt from '@slack/bolt';

const place = (name) => fileURLToPath(new URL(name, import.meta.url));
// Longer than any step takes on a slow machine; only what never comes waits so long.
const PATIENCE_MS = 20_000;

let said = 0;

/** States a fact, or ends the run. */
function holds(what, truth, instead) {
  if (!truth) throw new Error(`not true: ${what}${instead ? `; instead: ${JSON.stringify(instead)}` : ''}`);
  said += 1;
  console.log(`ok ${said} - ${what}`);
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Whether all that is wanted is there; script.json says how lists are meant. */
function has(actual, wanted) {
  if (Array.isArray(wanted)) {
    const same = Array.isArray(actual) && actual.length === wanted.length;
    return same && wanted.every((element, n) => has(actual[n], element));
  }
  if (Array.isArray(actual)) return actual.some((element) => has(element, wanted));
  if (isObject(wanted)) {
    return isObject(actual) && Object.entries(wanted).every(([key, value]) => has(actual[key], value));
  }
  return actual === wanted;
}

/** Puts what was kept in the place of its names. */
function resolved(wanted, kept) {
  if (Array.isArray(wanted)) return wanted.map((value) => resolved(value, kept));
  if (isObject(wanted)) {
    return Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, resolved(value, kept)]));
  }
  if (typeof wanted !== 'string' || !wanted.startsWith('$')) return wanted;
  const part = wanted.slice(1).split('.').reduce((whole, name) => whole?.[name], kept);
  if (part === undefined) throw new Error(`nothing was kept as ${wanted}`);
  return part;
}

/** What the app hears, and what it answers to the step under way. */
class Ears extends EventEmitter {
  heard = [];
  answer = undefined;

  /** Puts the listeners of a Bolt app here. */
  listen(app) {
    const take = async ({ body, ack, respond }) => {
      this.heard.push({ body, respond });
      this.emit('news');
      await ack?.(this.answer);
    };
    const all = /.*/;
    app.command(all, take);
    app.action(all, take);
    app.options(all, take);
    app.shortcut(all, take);
    app.view(all, take);
    app.view({ type: 'view_closed', callback_id: all }, take);
    app.event(all, take);
  }

  /** The first of what is wanted that was heard since the step began; undefined if it doesn't come. */
  async hears(wanted) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const found = this.heard.find(({ body }) => has(body, wanted));
      if (found || signal.aborted) return found;
      await once(this, 'news', { signal }).catch(() => {});
    }
  }
}

/** Starts a workspace, does something in it, and stops it. */
async function withSandbox(binary, visit) {
  const command = ['sandbox', '--manifest', place('manifest.yml')];
  const running = spawn(binary, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(createInterface(running.stdout), 'line');
    await visit(JSON.parse(line));
  } finally {
    running.kill();
  }
}

/** The control interface: a GET without a body, else a POST; its refusals are answers, too. */
async function control(room, route, body) {
  const options = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(`${room.control}/${route}`, { ...options, signal: AbortSignal.timeout(PATIENCE_MS) });
  return response.json();
}

/** A Bolt app of this workspace behind a receiver. */
function app(room, ears, receiver) {
  const made = new bolt.App({
    token: room.bot_token,
    receiver,
    clientOptions: { slackApiUrl: `${room.slack_api_url}/` },
    // The script is refused on purpose, and what Bolt warns of is what it asserts.
    logLevel: bolt.LogLevel.ERROR,
  });
  ears.listen(made);
  return made;
}

/** A Bolt app behind its HTTP server, and its address. */
async function overHttp(room, ears, signingSecret) {
  const endpoints = ['/slack/events', '/slack/commands', '/slack/interactions'];
  const receiver = new bolt.HTTPReceiver({ signingSecret, endpoints, logLevel: bolt.LogLevel.ERROR });
  const made = app(room, ears, receiver);
  const server = await made.start({ host: '127.0.0.1', port: 0 });
  return { made, url: `http://127.0.0.1:${server.address().port}/slack` };
}

/** A Bolt app on its socket. */
function overSocket(room, ears) {
  const clientOptions = { slackApiUrl: `${room.slack_api_url}/` };
  const receiver = new bolt.SocketModeReceiver({
    appToken: room.app_token,
    installerOptions: { clientOptions },
    logLevel: bolt.LogLevel.ERROR,
  });
  return { made: app(room, ears, receiver), socket: receiver.client };
}

/** What a step does; its answer. */
async function act(step, web, room, kept) {
  const given = resolved(step.with ?? {}, kept);
  if (step.act) return control(room, step.act, given);
  if (step.look) return control(room, `${step.look}?${new URLSearchParams(given)}`);
  if (step.upload) {
    const { channel, ...file } = step.upload;
    const uploaded = await web.filesUploadV2({ ...file, channel_id: channel });
    return uploaded.files[0];
  }
  if (step.respond) {
    const answered = await kept.respond(step.respond);
    return { status: answered.status, body: answered.data };
  }
  if (step.pages) {
    const pages = [];
    for await (const page of web.paginate(step.pages, given)) pages.push(page[step.of]);
    return { n_pages: pages.length, [step.of]: pages.flat() };
  }
  const method = step.call.split('.').reduce((family, name) => family?.[name], web);
  // What the SDK has no name for, it calls by Slack's.
  return method ? method(given) : web.apiCall(step.call, given);
}

async function play(steps, web, room, ears, door) {
  const kept = {};
  for (const step of steps) {
    ears.heard = [];
    ears.answer = resolved(step.ack, kept);
    let answer;
    let refusal;
    try {
      answer = await act(step, web, room, kept);
    } catch (error) {
      if (error.code !== bolt.webApi.ErrorCode.PlatformError) throw error;
      refusal = error.data;
    }
    let truth = step.fails ? has(refusal, step.fails) : refusal === undefined;
    truth &&= refusal !== undefined || has(answer, resolved(step.gives ?? {}, kept));
    truth &&= !(step.lacks && has(answer, resolved(step.lacks, kept)));
    if (truth && step.hears) {
      const found = await ears.hears(resolved(step.hears, kept));
      kept.heard = found?.body;
      kept.respond = found?.respond;
      truth = found !== undefined;
    }
    if (step.keep) kept[step.keep] = answer;
    holds(`${door}: ${step.fact}`, truth, { answer, refusal, heard: ears.heard.map(({ body }) => body) });
  }
}

async function countCalls(room, door) {
  const { calls } = await control(room, 'calls');
  const n = calls.filter(({ method }) => /^[a-zA-Z]+\.[a-zA-Z.]+$/.test(method)).length;
  holds(`${door}: the workspace counts ${n} calls of the Web API, at least 30`, n >= 30);
}

const [binary] = process.argv.slice(2);
const { steps } = JSON.parse(readFileSync(place('script.json'), 'utf8'));

await withSandbox(binary, async (room) => {
  const ears = new Ears();
  const { made, socket } = overSocket(room, ears);
  await made.start();
  const { sockets: first } = await control(room, 'sockets');
  holds('Bolt connects and the workspace counts its socket', first.length === 1, first);
  await play(steps, made.client, room, ears, 'Socket Mode');
  const greeted = once(socket, 'connected', { signal: AbortSignal.timeout(PATIENCE_MS) });
  await control(room, 'sockets/farewell', { reason: 'refresh_requested' });
  await greeted;
  const { sockets: second } = await control(room, 'sockets');
  const isAnother = second.some(({ id }) => id !== first[0].id);
  holds('told that its socket ends, Bolt opens another', isAnother, second);
  // An event, because one that meets a socket on its way out is delivered again.
  const again = steps.filter((step) => step.fact === 'a mention is heard');
  await play(again, made.client, room, ears, 'Socket Mode, on the other socket');
  await made.stop();
  await countCalls(room, 'Socket Mode');
});
await withSandbox(binary, async (room) => {
  const ears = new Ears();
  const stranger = await overHttp(room, ears, '0'.repeat(32));
  const refused = await control(room, 'app', { request_url: stranger.url });
  holds('an app with another signing secret takes nothing', refused.ok === false, refused);
  await stranger.made.stop();
  const { made, url } = await overHttp(room, ears, room.signing_secret);
  const taken = await control(room, 'app', { request_url: url });
  holds("the app's request URL answers its challenge", taken.ok === true, taken);
  await play(steps, made.client, room, ears, 'HTTP');
  await made.stop();
  await countCalls(room, 'HTTP');
});
console.log(`${said} passed, 0 failed`);
