import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createContext, runInContext } from 'node:vm';

/** An event as the client sent it. */
export interface Sent {
  readonly type: string;
  readonly props: Readonly<Record<string, unknown>>;
  readonly from: string;
  readonly tracking_id: string;
  readonly log_id: number;
}

/** One request of the client, and how it was answered. */
export interface Attempt {
  readonly batch: readonly Sent[];
  readonly status: number;
  readonly code: unknown;
}

export interface MiniProgramOptions {
  /** The npm package of the client. */
  readonly client: string;
  /** Where it reports. */
  readonly serverUrl: string;
  readonly token: string;
  readonly appid: string;
  readonly openId: string;
  readonly scene: number;
  readonly page: {
    readonly route: string;
    readonly options: Readonly<Record<string, string>>;
    readonly title: string;
  };
}

export interface MiniProgram {
  track(type: string, props: object): void;
  /** All that it sent so far, each request when it was answered. */
  readonly attempts: readonly Attempt[];
  close(): void;
}

interface Client {
  init(options: object): void;
  setUser(user: object): void;
  track(type: string, props: object): void;
}

interface WxRequest {
  readonly url: string;
  readonly method?: string;
  readonly data?: unknown;
  readonly header?: Readonly<Record<string, string>>;
  readonly success?: (answer: { statusCode: number; data: unknown }) => void;
  readonly fail?: (failure: { errMsg: string }) => void;
}

// The client waits a second for company and ten before it sends again.
const FASTER = 20;

/** The real client in a mini program that is made up: what it asks `wx` for is here, and its requests go out over HTTP. */
export function launch(options: MiniProgramOptions): MiniProgram {
  const { client: name, serverUrl, token, appid, openId, scene, page } = options;
  const attempts: Attempt[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const storage = new Map<string, unknown>();
  let show: (launched: object) => void = () => undefined;
  const after = (work: () => void, ms: number) => {
    const timer = setTimeout(work, ms / FASTER);
    timers.add(timer);
    return timer;
  };
  const wx = {
    getStorageSync: (key: string) => storage.get(key) ?? '',
    setStorageSync: (key: string, value: unknown) => void storage.set(key, value),
    getSystemInfoSync: () => ({
      brand: 'Apple',
      model: 'iPhone 12',
      system: 'iOS 14.4',
      platform: 'ios',
      version: '8.0.5',
    }),
    onAppShow: (listener: typeof show) => (show = listener),
    onAppHide: () => undefined,
    onError: () => undefined,
    setNavigationBarTitle: () => undefined,
    // Its remote configuration lies elsewhere; without an answer it uses its own.
    request: (request: WxRequest) =>
      request.url.startsWith(serverUrl)
        ? void send(request, attempts)
        : request.fail?.({ errMsg: 'request:fail no network' }),
  };
  const context = createContext({
    wx,
    Page: () => undefined,
    Component: () => undefined,
    getCurrentPages: () => [{ ...page, data: { title: page.title } }],
    setTimeout: after,
    clearTimeout,
    console: { log: () => undefined, warn: () => undefined, error: () => undefined },
    process: { env: {} },
    module: { exports: {} },
  });
  const file = createRequire(import.meta.url).resolve(name);
  runInContext(`((exports) => {${readFileSync(file, 'utf8')}\n})(module.exports)`, context);
  const client = runInContext('module.exports.default ?? module.exports', context) as Client;
  client.init({ token, appid, serverUrl });
  client.setUser({ open_id: openId });
  show({ scene, path: page.route, query: page.options });
  return {
    attempts,
    track: (type, props) => client.track(type, props),
    close: () => timers.forEach((timer) => clearTimeout(timer)),
  };
}

/** `wx.request`: an object goes out as JSON. */
async function send(
  { url, method = 'GET', data, header, success, fail }: WxRequest,
  attempts: Attempt[],
): Promise<void> {
  try {
    const body = typeof data === 'string' ? data : JSON.stringify(data);
    const headers = { 'content-type': 'application/json', ...header };
    const response = await fetch(url, { method, body, headers });
    const answer = (await response.json()) as { code?: unknown };
    attempts.push({ batch: JSON.parse(body) as Sent[], status: response.status, code: answer.code });
    success?.({ statusCode: response.status, data: answer });
  } catch (error) {
    fail?.({ errMsg: `request:fail ${String(error)}` });
  }
}
