/**
 * A play that ends before this many milliseconds is a skip, 30 seconds: the mark that the
 * streaming services count a play by. A skip is not taken for liking, nor for dislike: people skip
 * what they love when it does not fit the moment (Meggetto et al., "On Skipping Behaviour Types in
 * Music Streaming Sessions", CIKM 2021), while skipped plays that train as positives do harm (Wen,
 * Yang, Estrin, "Leveraging Post-click Feedback for Content Recommendations", RecSys 2019).
 */
export const skippedBeforeMs = 30_000;
