//! Work on files, shared among the machine's processors.

use std::thread;

/// Gives each processor a run of `items` and returns what they made of them, in order.
pub(crate) fn in_shares<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&[T]) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let share = items.len().div_ceil(workers).max(1);
    let work = &work;
    thread::scope(|scope| {
        let shares: Vec<_> = items
            .chunks(share)
            .map(|share| scope.spawn(move || work(share)))
            .collect();
        shares
            .into_iter()
            .map(|share| {
                share
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::in_shares;

    #[test]
    fn shares_come_back_in_order_and_an_error_ends_it() {
        let numbers: Vec<u32> = (0..100).collect();
        let shares = in_shares(&numbers, |share| Ok::<_, ()>(share.to_vec())).unwrap();
        assert_eq!(shares.concat(), numbers);
        let failed = in_shares(&numbers, |share| {
            if share.contains(&99) {
                Err("99")
            } else {
                Ok(())
            }
        });
        assert_eq!(failed, Err("99"));
        assert_eq!(in_shares(&[] as &[u8], |_| Ok::<_, ()>(1)), Ok(vec![]));
    }
}
