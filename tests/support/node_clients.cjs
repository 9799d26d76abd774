// Drives the official Node clients: one JSON object a line in, one a line out, answers named by the request's id.
//
//   {id, do: "call", api, token, method, args}   the client's own function of that method where it has one
//   {id, do: "open", api, token}                 a socket; its events come as {socket: id, event}
//   {id, do: "say", socket, channel, text}       a message over it
//
// There is no closing of a socket: once it has sent a message, this version of the client throws as it disconnects
// (its list of awaited replies begins with a hole). The end of the process ends it.
'use strict';

const { WebClient, LogLevel } = require('@slack/web-api');
const { RTMClient } = require('@slack/rtm-api');

const sockets = new Map();
const clients = new Map();

function tell(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

function client(api, token) {
  const key = `${api} ${token}`;
  if (!clients.has(key)) {
    clients.set(key, new WebClient(token, { slackApiUrl: api, logLevel: LogLevel.ERROR }));
  }
  return clients.get(key);
}

function ownFunction(web, method) {
  let place = web;
  for (const part of method.split('.')) {
    if (place === undefined || place === null) return undefined;
    place = place[part];
  }
  return typeof place === 'function' ? place : undefined;
}

async function call({ api, token, method, args }) {
  const web = client(api, token);
  const own = ownFunction(web, method);
  try {
    return { own: own !== undefined, answer: await (own ? own(args) : web.apiCall(method, args)) };
  } catch (error) {
    if (error.data === undefined) throw error;
    return { own: own !== undefined, answer: error.data };
  }
}

async function open({ id, api, token }) {
  const rtm = new RTMClient(token, { slackApiUrl: api, logLevel: LogLevel.ERROR, autoReconnect: false });
  sockets.set(id, rtm);
  for (const name of ['message', 'reaction_added', 'user_typing']) {
    rtm.on(name, (event) => tell({ socket: id, event }));
  }
  const { self } = await rtm.start();
  return { self };
}

const doing = {
  call,
  open,
  say: async ({ socket, channel, text }) => ({ reply: await sockets.get(socket).sendMessage(text, channel) }),
};

async function work(line) {
  const asked = JSON.parse(line);
  try {
    tell({ id: asked.id, ...(await doing[asked.do](asked)) });
  } catch (error) {
    tell({ id: asked.id, failed: String(error && error.message) });
  }
}

require('node:readline')
  .createInterface({ input: process.stdin })
  .on('line', work)
  .on('close', () => process.exit(0));
