/** Bindings in Redis: a key for each, which expires with it. */
import { RedisScript } from "../../runtime/redis_connection.ts";

const PREFIX = "routr:binding:";

/** All keys of bindings. */
export const BINDING_KEYS = `${PREFIX}*`;

/** Changes are told here, each by one message. */
export const BINDING_CHANNEL = "routr:bindings";

/** The braces keep the bindings of an address-of-record together in a cluster. */
export function bindingKey(aor: string, id: string): string {
  return `${PREFIX}{${aor}}${id}`;
}

/**
 * Changes bindings of one address-of-record and tells the other nodes, in one step. What a later REGISTER of the same
 * call has made elsewhere stays (§10.3 step 7), and so does what another call has made of a binding that is to go.
 *
 * KEYS: bindings. ARGV: channel, message, then for each key: the new value or "", milliseconds to live, Call-ID, CSeq.
 */
export const CHANGE_BINDINGS = new RedisScript(`
local changed = 0
for i, key in ipairs(KEYS) do
  local value, lifetime, callId, cseq = unpack(ARGV, 4 * i - 1, 4 * i + 2)
  local keep = false
  local known = redis.call('GET', key)
  if known then
    local isRecord, record = pcall(cjson.decode, known)
    if isRecord and type(record) == 'table' then
      if record.callId == callId then keep = (tonumber(record.cseq) or 0) > tonumber(cseq)
      else keep = value == '' end
    end
  end
  if not keep then
    if value == '' then redis.call('DEL', key) else redis.call('SET', key, value, 'PX', lifetime) end
    changed = changed + 1
  end
end
if changed > 0 then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return changed
`);
