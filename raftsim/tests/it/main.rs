//! The testbed as its users meet it: the command, its files, its pages, its pictures.

mod commands;
mod diagram;
mod dispensable;
mod features;
mod fuzz_strategy;
mod gallery;
mod paper;
mod phases;
mod report;
mod scripts;
