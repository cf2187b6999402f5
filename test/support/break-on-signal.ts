/** For `node --import`: the program has a bug that belongs to no call, and that shows when it gets SIGUSR2. */
process.on('SIGUSR2', () => {
  setTimeout(() => {
    throw new Error('a bug of the program');
  }, 1);
});

// Sets the clock, two hours ahead and two hours back by turns.
const HOURS_MS = 7_200_000;
const now = Date.now.bind(Date);
let offset = 0;
Date.now = () => now() + offset;
process.on('SIGWINCH', () => {
  offset = offset > 0 ? -HOURS_MS : HOURS_MS;
});
