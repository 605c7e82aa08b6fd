// Tests count live native memory, which belongs to the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
