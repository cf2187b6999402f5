# The commands of this project. Each brings what it needs: Debian packages, Node.js 24, npm packages,
# and a root file system with Asterisk 22, all of it kept in .cache/.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export EXT SAY RECORD JSON CODEC HOST SIP_PORT HTTP_PORT LAB MIRROR

.PHONY: help demo lab call test check clean

help:
	@echo 'make demo    two softphones call the agent; the conversation, and how fast it was'
	@echo 'make lab     Asterisk and the agent, left running for a softphone of yours'
	@echo '             HOST=192.168.1.20 lets phones on the LAN in; SIP_PORT= HTTP_PORT= choose other ports'
	@echo 'make call    one call to a running lab:  EXT=510001 SAY=question.wav RECORD=heard.wav'
	@echo '             SAY="a.wav b.wav" says several, CODEC=alaw, JSON=1 prints the result alone'
	@echo 'make test    lint, types, unit, integration and end-to-end tests'
	@echo 'make check   lint and types'
	@echo 'make clean   removes what was made: .cache, node_modules, var'

demo:
	@lab/run.sh --lab lab/demo.ts

lab:
	@lab/run.sh --lab lab/lab.ts

call:
	@lab/run.sh --lab lab/call.ts

test:
	@lab/run.sh --lab lab/test.ts

check:
	@lab/run.sh lab/test.ts check

clean:
	@rm -rf --one-file-system .cache/* node_modules var coverage
