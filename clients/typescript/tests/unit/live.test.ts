// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Client,
  type ClientOptions,
  createClient,
  type GenerationDetail,
  type PartialOutput,
} from "../../src/index.js";
import { ID, idAt, problem } from "./fake-api.js";
import { LEASE_SECONDS, LiveServer, until } from "./live-server.js";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

interface Followed {
  client: Client;
  seen: GenerationDetail[];
  texts: (PartialOutput | undefined)[];
  done: Promise<GenerationDetail>;
  leave: () => void;
}

/** Follow a generation as an application does. */
function follow(
  server: LiveServer,
  options: Partial<ClientOptions> = {},
  client = createClient({ ...server, ...options }),
): Followed {
  const seen: GenerationDetail[] = [];
  const texts: (PartialOutput | undefined)[] = [];
  const control = new AbortController();
  const done = client.waitFor(ID, {
    signal: control.signal,
    onChange: (state) => seen.push(state),
    onPartial: (text) => texts.push(text),
  });
  done.catch(() => undefined);
  return { client, seen, texts, done, leave: () => control.abort(new Error("left")) };
}

/** A running generation, followed over an open connection. */
async function running(options: Partial<ClientOptions> = {}): Promise<Followed & { server: LiveServer }> {
  const server = new LiveServer();
  server.store({});
  server.start();
  const followed = follow(server, options);
  await until(() => followed.client.changes.isLive?.() ?? false);
  await pass(4); // the first looks are over, and a message should have reported whatever a look finds from now on
  return { ...followed, server };
}

describe("a change that is pushed", () => {
  it("is seen at once, without a look, and the end with its output after one", async () => {
    const { server, seen, done } = await running();
    const before = server.looks();
    for (let beats = 0; beats < 6; beats += 1) {
      await pass(beats === 0 ? 5 : 10);
      server.beat({ progress: 10 * beats });
    }
    await pass(0.1);
    expect(seen.at(-1)?.progress).toBe(50);
    expect(server.looks()).toBe(before);
    server.end();
    await pass(0.1);
    expect((await done).output).toBeDefined();
    expect(server.looks()).toBe(before + 1);
    expect(seen.every((state) => state.status !== "succeeded" || state.output !== undefined)).toBe(true);
  });

  it("costs three looks from the create to the end", async () => {
    const server = new LiveServer();
    server.store({});
    const { done } = follow(server);
    await until(() => server.open.length === 1);
    server.start();
    for (let beats = 0; beats < 3; beats += 1) {
      await pass(9.9);
      server.beat();
    }
    server.end();
    await pass(1);
    await done;
    expect(server.looks()).toBe(3); // at the start, when the connection opened, and at the end
  });

  it.each(["lost", "doubled", "reordered"])("does no harm where messages are %s", async (how) => {
    const { server, seen, done } = await running();
    let count = 0;
    server.network = (arrive) => {
      count += 1;
      if (how === "lost" && count % 2 === 1) return;
      if (how === "doubled") setTimeout(arrive, 10);
      setTimeout(arrive, how === "reordered" ? 2_500 - 2_000 * (count % 2) : 20);
    };
    for (let beats = 0; beats < 8; beats += 1) {
      await pass(1);
      server.beat({ progress: beats });
    }
    await pass(3);
    server.network = (arrive) => arrive();
    server.end();
    await pass(1);
    expect((await done).output).toBeDefined();
    const versions = seen.map(({ version }) => version);
    expect(versions).toEqual([...versions].sort((one, other) => one - other));
    expect(new Set(versions).size).toBe(versions.length);
  });

  it("is shown to everybody who follows it, over one connection", async () => {
    const { server, client, seen } = await running();
    const other = follow(server, {}, client);
    const heard: string[] = [];
    const stop = client.changes.subscribeAll?.(({ generation }) => heard.push(generation.generation_id));
    server.store({}, idAt(1));
    server.beat({ progress: 77 });
    server.start(idAt(1));
    await pass(1);
    expect([seen.at(-1)?.progress, other.seen.at(-1)?.progress]).toEqual([77, 77]);
    expect(heard).toEqual([ID, idAt(1)]);
    expect(server.sockets).toHaveLength(1);
    stop?.();
  });

  it("may be of a kind of message that this client does not know, or none at all", async () => {
    const { server, seen } = await running();
    for (const text of ["", "{", "null", "[]", '{"type":"news"}', '{"type":"generation"}', '{"type":"partial"}'])
      server.open[0]?.hear(text);
    server.beat({ progress: 42 });
    await pass(1);
    expect(seen.at(-1)?.progress).toBe(42);
  });
});

describe("an end", () => {
  it("is brought though the look at it fails for a while", async () => {
    const { server, done } = await running();
    let failing = 3;
    server.spoil = () => (failing-- > 0 ? problem(503, "unavailable") : undefined);
    server.end();
    await pass(12);
    expect((await done).output).toBeDefined();
  });
});

describe("a worker that dies", () => {
  it("is rescued at the lease's end over a connection that is healthy", async () => {
    const { server, seen } = await running();
    const died = Date.now() - 4_000 - 100;
    await until(() => seen.at(-1)?.attempt === 2);
    expect((Date.now() - died) / 1000).toBeLessThan(LEASE_SECONDS + 2.5);
    expect(server.sockets).toHaveLength(1);
  });
});

describe("a lease that is short", () => {
  it("has the silence looked into before half of it is over, so that a page can say that something is stuck", async () => {
    const { server, before } = await silent(5);
    await pass(2);
    expect(server.looks()).toBe(before);
    await pass(0.4);
    expect(server.looks()).toBe(before + 1);
  });

  it("is looked at again right after its end, because that look rescues", async () => {
    const { server, before } = await silent(5);
    await pass(5.2);
    expect(server.looks()).toBe(before + 2);
    await pass(0.4);
    expect(server.looks()).toBe(before + 3);
  });

  /** A generation that has beaten once and then no more, over a healthy connection. */
  async function silent(leaseSeconds: number): Promise<{ server: LiveServer; before: number }> {
    const server = new LiveServer();
    server.leaseSeconds = leaseSeconds;
    server.store({});
    server.start();
    const { client } = follow(server);
    await until(() => client.changes.isLive?.() ?? false);
    for (let beats = 0; beats < 5; beats += 1) {
      await pass(0.9);
      server.beat();
      await pass(0.1);
    }
    return { server, before: server.looks() };
  }
});

describe("a channel that is silent", () => {
  it("is looked past after a beat and three seconds, and made again once", async () => {
    const { server, seen, client } = await running();
    server.network = () => undefined;
    const before = server.looks();
    await pass(5.9);
    server.beat({ progress: 60 });
    await pass(3.5); // 13 s after the previous heartbeat
    expect(server.looks()).toBe(before + 1);
    expect(seen.at(-1)?.progress).toBe(60);
    expect(server.sockets).toHaveLength(1);
    await pass(4);
    expect(server.sockets).toHaveLength(2);
    expect(client.changes.isLive?.()).toBe(false);
    const then = server.looks();
    await pass(10);
    expect(server.looks() - then).toBeGreaterThanOrEqual(4); // by the hint
  });

  it("counts again as soon as a message comes", async () => {
    const { server, client } = await running();
    server.network = () => undefined;
    server.beat({ progress: 60 });
    await until(() => server.sockets.length === 2);
    await pass(3);
    expect(client.changes.isLive?.()).toBe(false);
    server.network = (arrive) => arrive();
    server.beat({ progress: 70 });
    expect(client.changes.isLive?.()).toBe(true);
    const before = server.looks();
    await pass(9);
    expect(server.looks() - before).toBeLessThanOrEqual(1); // one was already due
  });

  it("brings the end by looks alone", async () => {
    const { server, done } = await running();
    server.network = () => undefined;
    server.end();
    await pass(14);
    expect((await done).output).toBeDefined();
  });

  it("is not suspected for a message that is under way when a look is answered", async () => {
    const { server, client } = await running();
    server.network = (arrive) => void setTimeout(arrive, 2_000);
    for (let looks = 0; looks < 10; looks += 1) {
      server.beat();
      await client.changes.look(ID, undefined);
      await pass(5);
    }
    expect(client.changes.isLive?.()).toBe(true);
    expect(server.sockets).toHaveLength(1);
  });
});

describe("a channel that has had a gap", () => {
  it("is not suspected for what has changed in it, of what nobody followed", async () => {
    const { server, client } = await running();
    const stop = client.changes.subscribeAll?.(() => undefined);
    const other = idAt(1);
    server.store({}, other);
    server.start(other);
    await pass(1);
    server.network = () => undefined;
    server.open[0]?.drop();
    server.beat({ progress: 90 }, other);
    await until(() => server.open.length === 1);
    server.network = (arrive) => arrive();
    await pass(5);
    await client.changes.look(other, undefined);
    await pass(5);
    expect(client.changes.isLive?.()).toBe(true);
    stop?.();
  });
});

describe("a connection that is lost", () => {
  it("has all that is followed looked at once, and is made again within two seconds", async () => {
    const { server, seen, client } = await running();
    const before = server.looks();
    server.network = () => undefined;
    server.beat({ progress: 33 });
    server.open[0]?.drop();
    await pass(0.1);
    expect(client.changes.isLive?.()).toBe(false);
    expect(server.looks()).toBe(before + 1);
    expect(seen.at(-1)?.progress).toBe(33);
    await pass(2);
    expect(server.open).toHaveLength(1);
    expect(client.changes.isLive?.()).toBe(true);
  });

  it("is asked for less and less often while handshakes fail", async () => {
    const { server } = await running();
    server.handshake = (socket) => void setTimeout(() => socket.drop(), 20);
    server.open[0]?.drop();
    vi.mocked(Math.random).mockReturnValue(1);
    await pass(62);
    expect(server.tickets()).toBeGreaterThan(4);
    expect(server.tickets()).toBeLessThan(8);
    const before = server.tickets();
    await pass(60);
    expect(server.tickets() - before).toBe(2);
  });

  it("that never opens is given up after ten seconds", async () => {
    const server = new LiveServer();
    server.store({});
    server.handshake = () => undefined;
    const { leave } = follow(server);
    await until(() => server.sockets.length === 1);
    await pass(12);
    expect(server.sockets[0]?.state).toBe("closed");
    expect(server.sockets.length).toBeGreaterThan(1);
    leave();
  });
});

describe("a refusal", () => {
  const follows = async (refusal: () => Response) => {
    const server = new LiveServer();
    server.store({});
    server.start();
    server.refusal = refusal;
    const followed = follow(server);
    await pass(0.1);
    return { server, ...followed };
  };

  it("of a deployment without live connections is taken once and for all: it is polled", async () => {
    const { server, done, client } = await follows(() => problem(404, "not_found"));
    await pass(30);
    server.end();
    await pass(3);
    await done;
    await follow(server, {}, client).done;
    await pass(60);
    expect(server.tickets()).toBe(1);
    expect(server.sockets).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("for too many connections is heeded for as long as it says", async () => {
    const { server, leave } = await follows(() => problem(429, "too_many_connections", {}, { "retry-after": "60" }));
    await pass(59);
    expect(server.tickets()).toBe(1);
    server.refusal = undefined;
    await pass(3);
    expect(server.open).toHaveLength(1);
    leave();
  });

  it("that may pass is followed by another try after a second to half a minute", async () => {
    vi.mocked(Math.random).mockReturnValue(1);
    const { server, leave } = await follows(() => problem(503, "unavailable"));
    await pass(1 + 2 + 4 + 8 + 16 + 0.5);
    expect(server.tickets()).toBe(6);
    await pass(60);
    expect(server.tickets()).toBe(8);
    leave();
  });

  it("of the token has it renewed by the transport", async () => {
    const server = new LiveServer();
    server.store({});
    const asked: boolean[] = [];
    server.refusal = () => {
      if (!asked.at(-1)) return problem(401, "token_expired");
      server.refusal = undefined;
      return problem(503, "unavailable");
    };
    const token = ({ renew }: { renew: boolean }) => {
      asked.push(renew);
      return renew ? "new" : "old";
    };
    const { leave } = follow(server, { token });
    await until(() => server.open.length === 1);
    expect(asked).toContain(true);
    leave();
  });

  it("of every WebSocket leaves what polls", async () => {
    const server = new LiveServer();
    vi.stubGlobal("WebSocket", undefined);
    server.store({});
    const { done } = follow(server);
    await pass(5);
    server.end();
    await pass(3);
    expect((await done).output).toBeDefined();
    expect(server.tickets()).toBe(0);
  });

  it("by the application itself sends nothing", async () => {
    const server = new LiveServer();
    server.store({});
    const { leave, client } = follow(server, { live: false });
    await pass(10);
    expect(server.tickets()).toBe(0);
    expect(client.changes.subscribe).toBeUndefined();
    leave();
  });
});

describe("a connection's life", () => {
  it("is kept awake, and replaced a minute before its end without a gap", async () => {
    const { server, client } = await running();
    const [first] = server.sockets;
    const beats = setInterval(() => server.beat(), 10_000);
    await pass(300);
    expect(first?.sent).toEqual(['{"action":"ping"}']);
    await pass(3600 - 60 - 300 - 10);
    expect(server.sockets).toHaveLength(1);
    let gap = false;
    client.changes.onLive?.(() => {
      gap = true;
    });
    await pass(10);
    expect(server.sockets).toHaveLength(2);
    expect(server.open).toEqual([server.sockets[1]]);
    expect(gap).toBe(false);
    clearInterval(beats);
  });

  it("is not used beyond its end, whether or not another can be had", async () => {
    const { server, client } = await running();
    server.refusal = () => problem(503, "unavailable");
    await pass(3600);
    expect(server.open).toEqual([]);
    expect(client.changes.isLive?.()).toBe(false);
    server.refusal = undefined;
    await until(() => server.open.length === 1);
  });

  it("of a token that is about to expire is not renewed over and over", async () => {
    const server = new LiveServer();
    server.endsInSeconds = 40;
    server.store({});
    const { leave } = follow(server);
    await until(() => server.open.length === 1);
    await pass(120);
    expect(server.tickets()).toBeLessThanOrEqual(8);
    leave();
  });

  it("ends soon after nothing is followed, with every timer", async () => {
    const { server, leave } = await running();
    leave();
    await pass(0.5);
    expect(server.open).toHaveLength(1);
    await pass(1);
    expect(server.open).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("goes on where something is followed again soon, and begins again where that is later", async () => {
    const { server, client, leave } = await running();
    leave();
    await pass(0.5);
    const again = follow(server, {}, client);
    await pass(5);
    expect(server.sockets).toHaveLength(1);
    again.leave();
    await pass(5);
    follow(server, {}, client);
    await until(() => server.open.length === 1);
    expect(server.sockets).toHaveLength(2);
  });

  it("ends when the client is closed, and no other begins", async () => {
    const { server, client, done } = await running();
    const ended = expect(done).rejects.toMatchObject({ code: "closed" });
    client.close();
    expect(server.open).toEqual([]);
    await pass(60);
    await ended;
    expect(server.open).toEqual([]);
    expect(server.tickets()).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("another user", () => {
  const tokenOf = (sub: string) => `x.${btoa(JSON.stringify({ iss: "i", sub }))}.y`;

  it("hears nothing of the one before, whose connection is closed at once", async () => {
    let user = "alice";
    const { server, client, seen, texts } = await running({ token: () => tokenOf(user) });
    server.write({});
    await pass(0.1);
    expect(texts).toHaveLength(1);
    const [alices] = server.sockets;
    const before = seen.length;
    user = "bob";
    server.network = (arrive) => void setTimeout(arrive, 100);
    server.beat({ progress: 66 }); // alice's, and under way
    server.spoil = () => problem(404, "not_found");
    await client.getUsage().catch(() => undefined);
    expect(alices?.state).toBe("closed");
    expect(texts).toEqual([texts[0], undefined]);
    await until(() => server.open.length === 1);
    alices?.hear("{}");
    await pass(1);
    expect(seen).toHaveLength(before);
    expect(server.tickets()).toBe(2);
  });

  it("does not get the connection whose ticket was of the one before", async () => {
    let user = "alice";
    const server = new LiveServer();
    server.store({});
    const { client } = follow(server, { token: () => tokenOf(user) });
    server.handshake = (socket) => void setTimeout(() => socket.open(), 1_000);
    await until(() => server.sockets.length === 1);
    user = "bob";
    await client.getUsage().catch(() => undefined);
    await pass(3);
    expect(server.sockets[0]?.state).toBe("closed");
    expect(server.tickets()).toBe(2);
    expect(server.open).toHaveLength(1);
  });

  it("is not given the answer to a look that was sent for the one before", async () => {
    let user = "alice";
    const { server, client } = await running({ token: () => tokenOf(user) });
    const heard: GenerationDetail[] = [];
    client.changes.subscribe?.(ID, ({ generation }) => heard.push(generation));
    const before = heard.length;
    let answer: (() => void) | undefined;
    const { answer: honest } = server;
    server.answer = (request) =>
      new Promise<Response>((resolve) => {
        answer = () => resolve(honest(request));
      });
    server.end(); // is polled
    await pass(0.1);
    user = "bob";
    void client.getUsage().catch(() => undefined);
    const first = answer;
    await pass(0);
    server.answer = () => problem(404, "not_found");
    first?.();
    await pass(1);
    expect(heard).toHaveLength(before);
  });

  it("is nobody where a token was only renewed", async () => {
    let number = 0;
    const token = () => `x.${btoa(JSON.stringify({ iss: "i", sub: "alice", number: ++number }))}.y`;
    const { server } = await running({ token });
    await pass(60);
    expect(number).toBeGreaterThan(3);
    expect(server.sockets).toHaveLength(1);
  });
});

describe("the text while it is written", () => {
  it("is shown as it comes, the newest alone, and dropped with its step, its attempt and the end", async () => {
    const { server, texts } = await running();
    const shown = () => texts.map((text) => text && `${text.attempt} ${text.step} ${text.number}`);
    server.network = (arrive) => arrive();
    server.write({ step: "outline", number: 1 });
    server.write({ step: "outline", number: 3 });
    server.write({ step: "outline", number: 2 });
    server.write({ step: "outline", number: 3 });
    expect(shown()).toEqual(["1 outline 1", "1 outline 3"]);
    server.beat({ steps_done: 1 });
    expect(shown().at(-1)).toBeUndefined();
    server.write({ step: "outline", number: 4 }); // late
    server.write({ step: "chapter-1", number: 1 });
    expect(shown().slice(2)).toEqual([undefined, "1 chapter-1 1"]);
    server.write({ step: "chapter-2", number: 1 }); // sooner than its head
    server.write({ step: "chapter-1", number: 2 });
    server.beat({ steps_done: 2 });
    expect(shown().slice(4)).toEqual(["1 chapter-2 1"]);
    server.start();
    expect(shown().slice(5)).toEqual([undefined]);
    server.write({ step: "chapter-2", number: 9 }); // of the previous attempt
    server.write({ step: "chapter-2", number: 1, attempt: 2 });
    expect(shown().slice(6)).toEqual(["2 chapter-2 1"]);
    server.end();
    server.write({ step: "chapter-2", number: 2, attempt: 2 });
    expect(shown().slice(7)).toEqual([undefined]);
  });

  it("is shown to who follows it later", async () => {
    const { server, client } = await running();
    server.write({ output: { text: "At dusk" } });
    await pass(0.1);
    const later: (PartialOutput | undefined)[] = [];
    client.changes.subscribe?.(
      ID,
      () => undefined,
      (text) => later.push(text),
    );
    expect(later.map((text) => text?.output)).toEqual([{ text: "At dusk" }]);
  });

  it("is no sign that changes are pushed", async () => {
    const { server, client } = await running();
    server.network = (arrive, { type }) => (type === "partial" ? arrive() : undefined);
    server.beat({ progress: 60 });
    await until(() => client.changes.isLive?.() === false);
    server.write({ number: 9 });
    expect(client.changes.isLive?.()).toBe(false);
  });
});
