/** Asks name servers in turn until one answers (RFC 1035 §7.2, RFC 1123 §6.1.3.3). */
import type { Clock } from "../../runtime/clock.ts";
import { type CertainReply, isCertain, type Question, type Reply } from "./dns_message.ts";
import { Exchange } from "./exchange.ts";
import { formatNameServer } from "./name_server.ts";
import type { NameServerList } from "./name_server_list.ts";
import type { RecordType } from "./record.ts";

/** Times after which the next server is asked as well, and after which the question fails. */
const NEXT_SERVER_MS = 1_000;
export const QUESTION_TIMEOUT_MS = 4_000;
const ROUNDS = 2;

/** Questions at once, each with a socket for every server asked. */
const MAX_QUESTIONS = 256;

/** Asks a list of servers, beginning with the one that answered last. */
export class NameServerClient {
  readonly #clock: Clock;
  readonly #servers: NameServerList;
  #lastToAnswer = "";
  #questions = 0;

  constructor(clock: Clock, servers: NameServerList) {
    this.#clock = clock;
    this.#servers = servers;
  }

  /** False when there is no server to ask. */
  get hasServers(): boolean {
    return this.#servers().length > 0;
  }

  /** False without servers, and while too many questions are in flight. */
  get canAsk(): boolean {
    return this.#questions < MAX_QUESTIONS && this.hasServers;
  }

  /**
   * Returns the first certain reply; undefined when none comes in time, or nothing can be asked now. Never rejects.
   */
  ask<T extends RecordType>(
    question: Question<T>,
    timeoutMs = QUESTION_TIMEOUT_MS,
  ): Promise<CertainReply<T> | undefined> {
    if (!this.canAsk) return Promise.resolve(undefined);
    this.#questions++;
    return new Promise((resolve) => this.#askInTurn(question, timeoutMs, resolve));
  }

  #askInTurn<T extends RecordType>(
    question: Question<T>,
    timeoutMs: number,
    resolve: (reply: CertainReply<T> | undefined) => void,
  ): void {
    const servers = this.#serversInOrder();
    const attempts = servers.length * ROUNDS;
    // A slow server may still answer while the next one is asked, so all exchanges stay open.
    const exchanges: Exchange<T>[] = [];
    let failures = 0;
    let alarm: unknown;

    const finish = (reply?: CertainReply<T>): void => {
      this.#clock.clearAlarm(alarm);
      this.#clock.clearAlarm(lastAlarm);
      for (const exchange of exchanges) exchange.close();
      this.#questions--;
      resolve(reply);
    };
    const askNext = (): void => {
      this.#clock.clearAlarm(alarm);
      const turn = exchanges.length;
      if (turn >= attempts) return;
      const exchange = new Exchange(servers[turn % servers.length], question, {
        // The second round is for servers and firewalls without EDNS(0) (RFC 6891 §6.2.2).
        isExtended: turn < servers.length,
        onEnd: (reply) => onEnd(exchange, reply),
      });
      exchanges.push(exchange);
      alarm = this.#clock.setAlarm(askNext, NEXT_SERVER_MS);
    };
    const onEnd = (exchange: Exchange<T>, reply: Reply<T> | undefined): void => {
      if (reply && isCertain(reply)) {
        this.#lastToAnswer = formatNameServer(exchange.server);
        return finish(reply);
      }
      if (++failures === attempts) return finish();
      if (exchange === exchanges.at(-1)) askNext();
    };

    const lastAlarm = this.#clock.setAlarm(finish, timeoutMs);
    askNext();
  }

  #serversInOrder() {
    const servers = this.#servers();
    const first = servers.findIndex((server) => formatNameServer(server) === this.#lastToAnswer);
    return first <= 0 ? servers : [servers[first], ...servers.slice(0, first), ...servers.slice(first + 1)];
  }
}
