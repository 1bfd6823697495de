"""Compares rows with the acts of the journal that made them what they are: who changes a row behind the product's back
has no act for it (SEC-02). It only reads, apart from the one act with which comparing begins (`baseline`).
"""
