// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Anchors of transparency logs
/// @notice Keeps what a log said of its tree, so that it cannot say otherwise later. It holds no money and trusts one
/// poster, named for good when it is deployed; another poster needs another contract.
contract CheckpointAnchors {
    struct Anchor {
        /// Leaves in the tree.
        uint64 size;
        /// Time of the block, in seconds since 1970.
        uint64 anchoredAt;
        /// RFC 6962 root hash of the tree.
        bytes32 root;
    }

    event Anchored(bytes32 indexed originHash, address indexed poster, uint64 size, bytes32 root);

    /// Somebody else than the poster.
    error NotThePoster(address caller);
    /// Sizes of one log only grow: what is anchored once is never said again, and never taken back.
    error SizeMustGrow(uint64 last, uint64 given);

    address public immutable poster;

    /// By the SHA-256 of the log's origin.
    mapping(bytes32 => Anchor[]) private anchors;

    constructor(address poster_) {
        poster = poster_;
    }

    /// @notice Anchors a checkpoint of a log.
    /// @param originHash SHA-256 of the log's origin
    /// @param size leaves in its tree, more than at the last anchor
    /// @param root root hash of the tree
    function anchor(bytes32 originHash, uint64 size, bytes32 root) external {
        if (msg.sender != poster) revert NotThePoster(msg.sender);
        Anchor[] storage own = anchors[originHash];
        uint64 last = own.length == 0 ? 0 : own[own.length - 1].size;
        if (size <= last) revert SizeMustGrow(last, size);
        own.push(Anchor(size, uint64(block.timestamp), root));
        emit Anchored(originHash, msg.sender, size, root);
    }

    /// @notice How many anchors a log has.
    function count(bytes32 originHash) external view returns (uint256) {
        return anchors[originHash].length;
    }

    /// @notice The last anchor of a log whose tree is not larger than `upTo` leaves; zeros when there is none.
    function lastUpTo(
        bytes32 originHash,
        uint64 upTo
    ) external view returns (uint64 size, bytes32 root, uint64 anchoredAt) {
        Anchor[] storage own = anchors[originHash];
        uint256 from = 0;
        uint256 to = own.length;
        while (from < to) {
            uint256 middle = (from + to) / 2;
            if (own[middle].size <= upTo) from = middle + 1;
            else to = middle;
        }
        if (from == 0) return (0, 0, 0);
        Anchor storage found = own[from - 1];
        return (found.size, found.root, found.anchoredAt);
    }
}
