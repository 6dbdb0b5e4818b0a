/** The fd that the lane of commands hands its `filter` over as. */
export const filterFd = 3;
