#!/bin/sh
# Makes what compose.yaml needs before its first start: `.env` with passwords, and from the files in config/ those in local/ that the
# containers read. Run it again after a change in config/ or .env: passwords stay, and so does the address plan in local/, which is yours.
#
#   ./prepare.sh ADDRESS    the machine's IPv4 address, as phones reach it
set -eu
cd "$(dirname "$0")"
umask 077

address=${1:-}
if [ -z "$address" ] && [ -e .env ]; then address=$(sed -n 's/^PORTVAKT_ADDRESS=//p' .env); fi
if ! printf '%s\n' "$address" | grep -Eq '^([0-9]{1,3}\.){3}[0-9]{1,3}$'; then
  echo "prepare.sh: write this machine's IPv4 address, as phones reach it: ./prepare.sh 192.0.2.10" >&2
  exit 2
fi

[ -e .env ] || cp .env.example .env
secret() { od -An -N 24 -tx1 /dev/urandom | tr -d ' \n'; }
for name in REDIS_ADMIN_PASSWORD REDIS_PASSWORD EXAMPLE_PASSWORD GRAFANA_PASSWORD; do
  sed "s/^$name=\$/$name=$(secret)/" .env > .env.new && mv .env.new .env
done
sed "s/^PORTVAKT_ADDRESS=.*/PORTVAKT_ADDRESS=$address/" .env > .env.new && mv .env.new .env
. ./.env

# sed's own signs, in a password that somebody wrote into .env.
quoted() { printf '%s' "$1" | sed 's/[&|\\]/\\&/g'; }
# render FROM TO NAME=VALUE…
render() {
  from=config/$1 to=local/$2
  shift 2
  set -- "$@" "ADDRESS=$PORTVAKT_ADDRESS" "REDIS_ADMIN_PASSWORD=$REDIS_ADMIN_PASSWORD" "REDIS_PASSWORD=$REDIS_PASSWORD" \
    "EXAMPLE_PASSWORD=$EXAMPLE_PASSWORD"
  script=
  for pair; do script="$script;s|@${pair%%=*}@|$(quoted "${pair#*=}")|g"; done
  sed "${script#;}" "$from" > "$to.new"
  # The containers' users are not this one. Others on this machine are kept out by the folder above.
  chmod 0644 "$to.new"
  mv "$to.new" "$to"
}

mkdir -p local/portvakt local/redis
chmod 0755 local/portvakt local/redis
[ -e local/portvakt/e164-plan.yaml ] || render e164-plan.yaml portvakt/e164-plan.yaml
# Both instances share one address here, so the second one has other ports outside.
render portvakt.yaml portvakt/portvakt-1.yaml INSTANCE=portvakt-1 SIP=5060 SIPS=5061 RAS=1719 SIGNALLING=1720 \
  H245_FROM=30000 H245_TO=30019 OTHER_RAS=11719
render portvakt.yaml portvakt/portvakt-2.yaml INSTANCE=portvakt-2 SIP=15060 SIPS=15061 RAS=11719 SIGNALLING=11720 \
  H245_FROM=30020 H245_TO=30039 OTHER_RAS=1719
render redis.conf redis/redis-1.conf
for replica in 2 3; do
  render redis.conf "redis/redis-$replica.conf"
  echo 'replicaof 172.30.77.11 6379' >> "local/redis/redis-$replica.conf"
done
render sentinel.conf redis/sentinel.conf
echo "prepare.sh: .env and local/ are ready for $PORTVAKT_ADDRESS. Next: docker compose up --detach --build"
