/** Bindings in Redis: a key for each, which expires with it. */
import { RedisScript } from "../../runtime/redis/redis_script.ts";

const PREFIX = "routr:binding:";

/** Pattern of all keys of bindings. */
export const BINDING_KEYS = `${PREFIX}*`;

/** The channel of changes, with one message for each. */
export const BINDING_CHANNEL = "routr:bindings";

/** The braces keep the bindings of an address-of-record on one node of a cluster. */
export function bindingKey(aor: string, id: string): string {
  return `${PREFIX}{${aor}}${id}`;
}

/**
 * Stores entries of one address-of-record that are later than the stored ones (`isLater`), removes lost ones that are
 * stored unchanged, and publishes what took effect, in one step.
 *
 * KEYS: bindings. ARGV: channel, node and address-of-record as JSON, then for each key the entry and its lifetime in
 * milliseconds; for a lost one `""`, then id, Call-ID and CSeq as JSON.
 */
export const CHANGE_BINDINGS = new RedisScript(`
local function isLater(entry, known)
  local isSameCall = entry.callId == known.callId
  if entry.gone then
    if isSameCall then return entry.cseq >= known.cseq end
    return entry.updatedAt >= known.updatedAt
  end
  if known.gone then
    return isSameCall and entry.cseq > known.cseq or entry.updatedAt > known.updatedAt
  end
  if isSameCall then return entry.cseq > known.cseq end
  return entry.updatedAt > known.updatedAt
end

local function entryAt(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  local isJson, entry = pcall(cjson.decode, text)
  local isEntry = isJson and type(entry) == 'table' and type(entry.callId) == 'string' and
    type(entry.cseq) == 'number' and type(entry.updatedAt) == 'number'
  return isEntry and entry or nil
end

local entries, lost = {}, {}
for i, key in ipairs(KEYS) do
  local value, other = ARGV[2 * i + 2], ARGV[2 * i + 3]
  local known = entryAt(key)
  if value ~= '' then
    if not known or isLater(cjson.decode(value), known) then
      redis.call('SET', key, value, 'PX', other)
      table.insert(entries, value)
    end
  elseif known and not known.gone then
    local it = cjson.decode(other)
    if known.callId == it.callId and known.cseq == it.cseq then
      redis.call('DEL', key)
      table.insert(lost, other)
    end
  end
end
if #entries + #lost > 0 then
  redis.call('PUBLISH', ARGV[1], '{"node":' .. ARGV[2] .. ',"aor":' .. ARGV[3] ..
    ',"entries":[' .. table.concat(entries, ',') .. '],"lost":[' .. table.concat(lost, ',') .. ']}')
end
return #entries + #lost
`);

/** KEYS: bindings. Returns each key's value and remaining milliseconds; false for keys without text. */
export const READ_BINDINGS = new RedisScript(`
local values = {}
for _, key in ipairs(KEYS) do
  local isText, text = pcall(redis.call, 'GET', key)
  if isText and type(text) ~= 'string' then isText = false end
  table.insert(values, isText and text or false)
  table.insert(values, redis.call('PTTL', key))
end
return values
`);
