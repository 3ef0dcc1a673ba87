// The only module that uses the local stack's extras: tokens for any user, and faults. Never used on AWS.

export interface LocalWorker {
  pid: number;
  generation_ids: string[];
  frozen_until: string | null;
}

/** The local stack's workers and active faults. */
export interface FaultsLook {
  faults: string[];
  workers: LocalWorker[];
  losing: { sub: string | null; until: string } | null;
  lost: string[];
}

/** A fault that failed, with the local server's message. */
export class LocalError extends Error {}

export class Local {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  token(sub: string): Promise<{ token: string; expires_at: string }> {
    return this.#call("POST", "/tokens", { sub });
  }

  look(): Promise<FaultsLook> {
    return this.#call("GET", "");
  }

  kill(generationId: string): Promise<{ pid: number }> {
    return this.#call("POST", "/kill", { generation_id: generationId });
  }

  freeze(generationId: string, seconds: number): Promise<{ pid: number; frozen_until: string }> {
    return this.#call("POST", "/freeze", { generation_id: generationId, seconds });
  }

  lose(sub: string): Promise<{ armed_until: string }> {
    return this.#call("POST", "/lose", { sub });
  }

  async #call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const asked: RequestInit =
      body === undefined
        ? { method }
        : { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(`${this.#url}${path}`, asked).catch(() => {
      throw new LocalError("The local stack does not respond. Check that it is still running.");
    });
    if (!answer.ok) throw new LocalError(await wordsOf(answer));
    return (await answer.json()) as Answer;
  }
}

async function wordsOf(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    const said = JSON.parse(text) as { error?: { message?: string } | string; message?: string };
    const words = typeof said.error === "string" ? said.error : (said.error?.message ?? said.message);
    return words ?? `HTTP ${answer.status}`;
  } catch {
    return text || `HTTP ${answer.status}`;
  }
}
