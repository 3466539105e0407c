//! What every system of record must do, as tests that know the ports of [`souk_domain::ports`] and no store.
//!
//! A store runs all of them with [`conformance_tests!`]. Where the ports leave a choice (the order of facets, which of two
//! refusals comes first), the tests leave it too.

pub mod categories;
pub mod customers;
pub mod idempotency;
pub mod inventory;
pub mod orders;
pub mod outbox;
pub mod products;
mod shop;
pub mod sqlserver;

/// One `#[tokio::test]` for each test of this crate.
///
/// `$open` names an async function of the calling module. It gives a fresh empty `Arc<dyn Store>` and a guard that is
/// dropped when the test is over, such as the directory of the store's files. Attributes before the name go to each test.
#[macro_export]
macro_rules! conformance_tests {
    ($(#[$attribute:meta])* $open:ident) => {
        $crate::conformance_tests! { @expand ($(#[$attribute])*) $open
            categories {
                a_new_category_reads_back_as_it_was_answered
                an_unknown_category_is_not_found
                a_parent_must_exist
                a_change_makes_a_new_version
                a_change_of_another_version_is_stale
                one_of_several_changes_at_once_succeeds
                a_name_is_unique_below_its_parent_whatever_case_and_accents
                a_name_may_repeat_below_other_parents
                a_category_does_not_stand_in_its_own_way
                names_that_fold_differently_are_different
                a_name_that_several_want_at_once_goes_to_one
                a_category_cannot_stand_below_itself
                two_moves_at_once_make_no_ring
                a_category_in_use_stays
                a_category_with_children_stays
                a_removed_category_is_gone
                a_removal_races_with_a_new_product
                a_removal_races_with_a_new_child
                siblings_are_listed_by_name
                the_longest_category_names_are_kept
            }
            products {
                a_new_product_reads_back_as_answered
                an_unknown_product_is_not_found
                the_category_of_a_product_must_exist
                a_sku_is_taken_whatever_its_case
                a_sku_that_several_want_at_once_goes_to_one
                a_change_of_a_product_makes_a_new_version
                a_change_of_another_version_of_a_product_is_stale
                one_of_several_changes_of_a_product_at_once_succeeds
                changes_of_any_version_at_once_all_succeed
                a_discontinued_product_is_not_changed
                a_product_is_discontinued_once
                a_product_is_discontinued_once_by_several_at_once
                texts_come_back_as_they_were
                the_longest_texts_are_kept
                prices_at_the_limits_come_back_exactly
                every_sort_gives_every_product_once_and_in_order
                a_list_ends_without_another_page
                new_products_between_pages_disturb_no_walk
                new_products_at_the_same_time_disturb_no_walk
                a_category_finds_what_is_below_it
                a_price_range_holds_both_ends
                in_stock_is_what_can_be_ordered_now
                a_discontinued_product_is_not_listed
                a_search_finds_all_words_and_the_start_of_the_last
                a_search_folds_accents_and_nothing_else
                a_changed_product_is_found_by_its_new_words
                filters_narrow_each_other
                facets_count_all_that_matches_by_category
                facets_come_when_asked_for
                an_import_tells_what_became_of_each_row_in_order
                a_repeated_import_changes_nothing
                an_absent_description_stays_as_it_is
                rows_of_one_sku_follow_each_other
                an_import_makes_missing_categories_at_the_top
                an_import_of_nothing_does_nothing
                imports_at_once_make_each_product_once
                an_import_takes_ten_thousand_rows
            }
            inventory {
                stock_is_corrected_by_a_difference_or_to_a_number
                an_unknown_product_has_no_stock
                a_correction_of_another_version_is_stale
                an_order_makes_a_correction_stale
                stock_out_of_range_is_refused
                corrections_at_once_all_count
                one_of_several_corrections_of_a_version_succeeds
                pieces_are_taken_away_once
                the_ledger_tells_of_each_movement
                the_ledger_is_walked_newest_first
                the_ledger_sums_to_the_stock_after_anything
                the_ledger_sums_to_the_stock_after_many_at_once
            }
            customers {
                a_new_customer_reads_back_as_answered
                an_unknown_customer_is_not_found
                an_address_is_taken_whatever_its_case
                addresses_that_differ_in_accents_are_different
                an_address_that_several_want_at_once_goes_to_one
                credentials_are_found_by_address
                an_unknown_address_has_no_credentials
                the_longest_names_and_addresses_are_kept
            }
            orders {
                an_order_reads_back_as_it_was_answered
                an_order_reserves_stock
                orders_are_told_with_the_stock_they_change
                an_order_keeps_the_prices_of_its_moment
                an_address_comes_back_as_it_was
                every_shortage_is_told_and_nothing_reserved
                the_last_pieces_can_be_ordered
                every_unknown_product_is_told
                every_discontinued_product_is_told
                an_order_races_with_a_discontinuation
                an_amount_too_large_changes_nothing
                an_order_has_one_currency
                an_order_has_up_to_two_thousand_products
                sixty_four_buyers_race_for_ten_pieces
                orders_at_once_in_any_line_order_all_succeed
                an_unknown_order_is_not_found
                the_order_of_another_is_not_found
                a_cancellation_gives_the_stock_back
                a_second_cancellation_changes_nothing
                cancellations_at_once_release_once
                orders_are_walked_newest_first
                without_orders_the_list_is_empty
                the_largest_quantity_can_be_ordered
                an_order_of_nobody_changes_nothing
            }
            idempotency {
                a_claimed_order_is_placed_once
                a_claimed_cancellation_runs_once
                a_claimed_correction_counts_once
                a_claimed_registration_registers_once
                a_claimed_product_is_made_once
                a_claimed_change_of_a_product_runs_once
                a_claimed_discontinuation_runs_once
                claimed_commands_on_categories_run_once
                a_repetition_gets_the_first_result
                a_key_with_another_fingerprint_is_refused
                two_fingerprints_at_once_have_one_effect
                another_scope_is_independent
                keys_are_compared_exactly
                an_expired_key_runs_again
                a_sweep_forgets_every_expired_key
                a_failed_command_leaves_no_record
                a_claim_that_fails_at_once_fails_each_time
                without_a_claim_every_command_runs
            }
            outbox {
                the_store_answers
                committed_events_are_claimed_in_order
                an_event_is_claimed_once
                the_oldest_events_are_claimed_first
                young_events_are_left_alone
                relays_at_once_share_all_events
                two_relays_at_once_do_not_meet
                no_event_is_missed_while_commands_run
                an_unmarked_claim_ends
                released_events_are_claimed_again
                published_events_are_gone
                a_marked_claim_does_not_come_back
                marks_do_no_harm
                the_latest_publication_is_known
                republished_events_are_claimed_again
                republishing_ends_old_claims
                failures_and_repetitions_leave_no_event
                events_carry_their_cause
                categories_and_customers_make_no_event
            }
        }
    };
    (@expand $attributes:tt $open:ident $($module:ident { $($test:ident)* })*) => {
        $(
            mod $module {
                $($crate::conformance_tests! { @test $attributes $open $module $test })*
            }
        )*
    };
    (@test ($(#[$attribute:meta])*) $open:ident $module:ident $test:ident) => {
        $(#[$attribute])*
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            let (store, _guard) = super::$open().await;
            $crate::$module::$test(store).await;
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_macro_names_every_test_of_every_module() {
        let macro_text = include_str!("lib.rs");
        let modules = [
            ("categories", include_str!("categories.rs")),
            ("customers", include_str!("customers.rs")),
            ("idempotency", include_str!("idempotency.rs")),
            ("inventory", include_str!("inventory.rs")),
            ("orders", include_str!("orders.rs")),
            ("outbox", include_str!("outbox.rs")),
            ("products", include_str!("products.rs")),
        ];
        for (module, text) in modules {
            let names = text.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next());
            let list = macro_text.split_once(&format!("            {module} {{")).expect(module).1;
            let list: Vec<_> = list.split_once('}').expect(module).0.split_whitespace().collect();
            assert_eq!(list, names.collect::<Vec<_>>(), "{module}");
        }
    }
}
