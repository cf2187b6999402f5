# The commands of this project. Each brings what it needs: Debian packages, Node.js 24, npm packages,
# and a root file system with Asterisk 22, all of it kept in .cache/.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export EXT SAY RECORD JSON LOG CODEC HOST SIP_PORT HTTP_PORT LAB MIRROR PROVIDERS MODEL BIND RTP_START RTP_END RTPRIO ONLY
export HALF CASES LISTEN SWEEP CALLS TURNS VARIANTS STT_EAGER_END_MS STT_TURN_END_MS STT_TAKEN_BACK STT_TRANSCRIPT_MS LLM_FIRST_TOKEN_MS \
	LLM_TOKENS_PER_SECOND TTS_FIRST_BYTE_MS DELAY_SIGMA DELAY_SEED REF SHORT ROUNDS DURATION_S DEB_ARCH NODES ASTERISKS PART OUT AT_ONCE FAULT_EVERY_S LONGEST_S SEED VERIFY

.PHONY: help demo lab call fleet doctor deb install test check bench bench-compare bench-latency bench-trouble bench-turns soak fuzz clean image up down logs test-docker test-deb
COMPOSE = docker compose --file docker/compose.yaml

help:
	@echo 'make demo    two softphones call the agent; the conversation, and how fast it was'
	@echo '             GATEWAY=vonage: the same from an emulated Vonage cloud, without any Asterisk'
	@echo 'make lab     Asterisk and the agent, left running for a softphone of yours'
	@echo '             HOST=192.168.1.20 lets phones on the LAN in; SIP_PORT= HTTP_PORT= choose other ports'
	@echo '             both with PROVIDERS=embedded (default); PROVIDERS=emulated: through the SDKs of Groq and'
	@echo '             Cartesia to servers on this machine; PROVIDERS=cloud: to the real ones, with your keys'
	@echo '             PROVIDERS=emulated MODEL=strict, thinking or small: another kind of model than Groq has (docs/cloud-providers.md)'
	@echo 'make call    one call to a running lab:  EXT=510001 SAY=question.wav RECORD=heard.wav'
	@echo '             SAY="a.wav b.wav" says several, JSON=1 prints the result alone, CODEC=g722 is'
	@echo '             an HD telephone (16 kHz), CODEC=alaw another one'
	@echo 'make doctor  says what is wrong with machine, Asterisk, keys and sound, and what to do (ARI_URL=, ARI_PASSWORD=)'
	@echo 'make deb     a Debian package with its own Node.js, in .cache/deb (docs/install.md); DEB_ARCH=arm64: for another processor'
	@echo 'make install the same files on another Linux with systemd; as root (DESTDIR=)'
	@echo 'make test-deb  installs the package on a bare Debian 12 with systemd, calls it, upgrades it during a call, purges it'
	@echo 'make test    lint, types, unit, integration and end-to-end tests'
	@echo 'make check   lint and types'
	@echo 'make bench   what a call costs, beside C, asyncio and npm packages, in ten minutes: tables, figures and pictures in'
	@echo '             docs/benchmarks (PART=density,voice-activity,packages: some of it; start, greeting and calls are through'
	@echo '             a real Asterisk; PART=verify: are they right? CALLS=50,300 ROUNDS=3 DURATION_S=5 ONLY=c,gateway OUT=folder)'
	@echo 'make fleet   2 Asterisks, 3 nodes, Kamailio and PostgreSQL on this machine, and what happens when they die'
	@echo '             (docs/fleet.md: CALLS=10000 ONLY=spread,node-killed NODES=3 ASTERISKS=2 SHORT=1)'
	@echo 'make bench-compare REF=main   what the working tree costs of what REF does (SHORT=1: a minute)'
	@echo 'make bench-latency   how long a caller waits for an answer, on the wire, with an emulated cloud;'
	@echo '             its delays are settings (docs/cloud-providers.md), CALLS=6 TURNS=240 JSON=1'
	@echo 'make bench-trouble   what callers get when a provider fails, fault by fault (ONLY=tts: some of them)'
	@echo 'make bench-turns     how well the agent takes turns: some 270 replayed conversations, no Asterisk needed'
	@echo '             (test/turns/README.md: HALF=tune, ONLY=echo, CASES=5, LISTEN=folder)'
	@echo 'make fuzz    sends changed forms of what Asterisk, Vonage, providers and browsers send, without end, and says what'
	@echo '             broke and how to repeat it (TARGET=rtp,config SEED=1 SECONDS=60; SESSION=file: once more)'
	@echo 'make soak    many calls by SIPp through Asterisk, with faults, against a pass line (docs/reliability.md):'
	@echo '             CALLS=1000 AT_ONCE=16 FAULT_EVERY_S=30 (AT_ONCE: else it is measured); VERIFY=folder computes its table from the raw data again'
	@echo 'make image   builds the container images (docs/docker.md); make demo and make lab know LAB=docker'
	@echo 'make up      Asterisk and the agent in containers, left running; HOST= as above'
	@echo 'make down    ends them; make logs shows their log'
	@echo 'make test-docker   builds and runs the containers, on an engine of its own where none answers'
	@echo 'make clean   removes what was made: .cache, node_modules, var'

# The demonstration of each gateway.
DEMO_ = demo
DEMO_rtp = demo
DEMO_vonage = vonage-demo

ifeq ($(LAB),docker)
demo:
	@$(if $(filter-out rtp,$(GATEWAY)),$(error GATEWAY=$(GATEWAY) runs without containers: leave out LAB=docker))lab/run.sh lab/docker-demo.ts

lab:
	@lab/run.sh lab/docker-up.ts --follow
else
demo:
	@lab/run.sh --lab lab/$(or $(DEMO_$(GATEWAY)),$(error GATEWAY=$(GATEWAY) is not known; it can be rtp or vonage)).ts

lab:
	@lab/run.sh --lab lab/lab.ts
endif

call:
	@lab/run.sh --lab lab/call.ts

deb:
	@lab/run.sh packaging/deb.ts

install:
	@lab/run.sh packaging/stage.ts "$(or $(DESTDIR),/)"
	@[ -n "$(DESTDIR)" ] || sh packaging/debian/postinst configure

test-deb:
	@lab/run.sh --lab lab/deb-test.ts

doctor:
	@lab/run.sh bin/voice-agent.cjs doctor

test:
	@lab/run.sh --lab lab/test.ts

# These parts need no Asterisk; the others do.
comma = ,
BENCH_ALONE = density voice-activity packages verify
bench:
	@lab/run.sh $(if $(and $(PART),$(if $(filter-out $(BENCH_ALONE),$(subst $(comma), ,$(PART))),,yes)),,--lab) test/bench/bench.ts

bench-compare:
	@lab/run.sh test/bench/compare.bench.ts

fleet:
	@lab/run.sh --lab lab/fleet.ts

bench-latency:
	@lab/run.sh --lab test/bench/latency.bench.ts

check:
	@lab/run.sh lab/test.ts check

bench-trouble:
	@lab/run.sh --lab test/bench/trouble.bench.ts

bench-turns:
	@lab/run.sh $(if $(ASTERISK),--lab) test/bench/turns.bench.ts

fuzz:
	@lab/run.sh test/fuzz/fuzz.ts $(TARGET:%=--target %) $(SEED:%=--seed %) $(SECONDS:%=--seconds %) $(SESSION:%=--session %)

soak:
	@lab/run.sh $(if $(VERIFY),,--lab) test/soak/soak.ts

image:
	@lab/run.sh lab/docker-images.ts

up:
	@lab/run.sh lab/docker-up.ts

down:
	@$(COMPOSE) --profile '*' down

logs:
	@$(COMPOSE) logs --follow --tail 100 || [ $$? -eq 130 ] # Ctrl-C

test-docker:
	@lab/run.sh --lab lab/docker-test.ts

clean:
	@rm -rf --one-file-system .cache/* node_modules var coverage
