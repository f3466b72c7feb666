#!/bin/sh
# A tool server over pipes. In the folder $1, calls.log is what it was asked to do.
cd "$1" || exit 1

answer() { printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$1"; }
tool() {
  printf '{"name":"%s","description":"Does %s.","inputSchema":{"type":"object","properties":{"text":{"type":"string"}}}}' "$1" "$1"
}

while read -r line; do
  id=${line#*'"id":'}
  id=${id%%[,\}]*}
  case $line in
  *'"method":"server/discover"'*) answer '"error":{"code":-32601,"message":"no such method"}' ;;
  *'"method":"initialize"'*)
    answer '"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"peer","version":"1"}}'
    ;;
  *'"method":"tools/list"'*) answer "\"result\":{\"tools\":[$(tool send),$(tool post)]}" ;;
  *'"method":"tools/call"'*)
    printf '%s\n' "$line" >>calls.log
    # Time for a kill between the deed and its answer.
    sleep 0.01
    answer '"result":{"content":[{"type":"text","text":"Sent."}]}'
    ;;
  esac
done
