/** A baresip over UDP that can talk with browsers: ICE, DTLS-SRTP, RTP and RTCP on one port. */
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { domain, secret } from "../support/routr_process.ts";
import { Baresip, type BaresipOptions } from "../peers/baresip.ts";

const secondsToLive = 60;
const patience = 8_000;

/** Starts it and waits until the server has accepted its registration. */
export async function registeredWebRtcBaresip(options: BaresipOptions): Promise<Baresip> {
  const directory = await Deno.makeTempDir({ prefix: "baresip-" });
  const control = freePort();
  await Deno.writeTextFile(`${directory}/config`, configuration(control));
  await Deno.writeTextFile(`${directory}/accounts`, account(options));
  const child = startProcess("stdbuf", {
    args: ["-oL", "baresip", "-4", "-f", directory, "-s", "-t", String(secondsToLive)],
    lifetime: (secondsToLive + 10) * 1000,
  });
  try {
    await child.waitForLine(/baresip is ready/, patience);
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: control });
    const phone = new Baresip(options, { child, connection, directory });
    await phone.sipLine(/^SIP\/2\.0 200 /);
    return phone;
  } catch (error) {
    await child.stop();
    await Deno.remove(directory, { recursive: true });
    throw error;
  }
}

function account({ user, server, answer = "manual" }: BaresipOptions): string {
  return `<sip:${user}@${domain}>;auth_user=${user};auth_pass=${secret};` +
    `outbound="sip:127.0.0.1:${server};transport=udp";regint=60;answermode=${answer};` +
    "mediaenc=dtls_srtp;medianat=ice\n";
}

// The order counts: modules that applications use come before them.
function configuration(controlPort: number): string {
  return `sip_listen 127.0.0.1:${freePort({ span: 2 })}
ctrl_tcp_listen 127.0.0.1:${controlPort}
module_path /usr/lib/baresip/modules
audio_player aubridge,bridge
audio_source aubridge,bridge
rtcp_mux yes
module g711.so
module aubridge.so
module ice.so
module dtls_srtp.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
`;
}
