/** For `node --import`: the program has a bug that belongs to no call, and that shows when it gets SIGUSR2. */
process.on('SIGUSR2', () => {
  setTimeout(() => {
    throw new Error('a bug of the program');
  }, 1);
});
