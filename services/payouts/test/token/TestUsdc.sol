// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// What USDC does as far as payouts see it: six decimals, a list of those who get nothing.
contract TestUsdc {
    event Transfer(address indexed from, address indexed to, uint256 value);

    uint8 public immutable decimals;
    mapping(address => uint256) public balanceOf;
    mapping(address => bool) public isBlocked;

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    function blockAccount(address account) external {
        isBlocked[account] = true;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        require(!isBlocked[to] && !isBlocked[msg.sender], "blocked");
        require(balanceOf[msg.sender] >= value, "balance");
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
        return true;
    }
}
